"""A command run inside the test's own process, which spares the start of one.

For what prepares a test or looks at its result. What is promised of a process itself (its start,
signals, terminals, several at once) is tested with real ones, in `tests.programs`.
"""

import io
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from tempfile import TemporaryFile


@dataclass(frozen=True)
class Finished:
    """What a program left behind."""

    status: int
    out: str
    err: str


def run_in_process(command: Callable[[], int], stdin: str | bytes = "") -> Finished:
    """Call a program's `main`, with the three streams that a process of its own would have."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    given = stdin.encode() if isinstance(stdin, str) else stdin
    with _standard_input(given), redirect_stdout(out), redirect_stderr(err), _logging_to(err):
        status = command()
    return Finished(status, _written(out), _written(err))


def _written(stream: io.TextIOWrapper) -> str:
    stream.flush()
    stream.seek(0)
    return stream.read()


@contextmanager
def _standard_input(given: bytes) -> Iterator[None]:
    before = sys.stdin
    # A file, because a program may ask for the descriptor.
    with TemporaryFile() as file, io.TextIOWrapper(file, "utf-8") as stream:
        file.write(given)
        file.seek(0)
        sys.stdin = stream
        try:
            yield
        finally:
            sys.stdin = before


@contextmanager
def _logging_to(err: io.TextIOWrapper) -> Iterator[None]:
    # As `diaryserver.cli.main` sets it up, which pytest's own handlers keep it from doing here.
    handler = logging.StreamHandler(err)
    handler.setFormatter(logging.Formatter("diaryserver: %(message)s"))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
