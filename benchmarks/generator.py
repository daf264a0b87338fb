"""The load generator (`generator.c`), compiled when it is needed, on a core of its own."""

import json
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.errors import BenchmarkError
from benchmarks.processes import end, on_core

SOURCE: Final = Path(__file__).with_name("generator.c")
SOCKETS: Final = 16
MOST_SECONDS: Final = 300.0
"""No run takes longer; what has no answer by then is lost."""

FLOOD_SOCKETS: Final = 64
"""Each in a network of its own, 127.0.0.0/24 to 127.0.63.0/24."""

RID_AT: Final = 16
"""Where a datagram of the protocol, request or answer, has its request id."""

TEXT_END: Final = -16
"""A plain text ends with 16 letters of its own, and so does what answers it."""


@dataclass(frozen=True, slots=True)
class Load:
    """What the generator counted; `cpu_seconds` are its own, latencies in us."""

    sent: int
    answered: int
    lost: int
    repeated: int
    unknown: int
    doubled: int
    seconds: float
    cpu_seconds: float
    median_us: float
    p99_us: float

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answered / self.seconds

    @property
    def busy(self) -> float:
        """How much of its core the generator used, from 0 to 1: at 1 it measured itself."""
        return self.cpu_seconds / self.seconds


@dataclass(frozen=True, slots=True)
class Loop:
    """A closed loop: so many datagrams unanswered at any time, each known by what is at `key_at`.

    `seconds`, if given, ends it early; what has no answer then is no error.
    """

    window: int
    key_at: int = RID_AT
    seconds: float | None = None


class Generator:
    """Runs the compiled program."""

    def __init__(self, program: Path, core: int) -> None:
        """Use a program that `compile_generator` made."""
        self._program = program
        self._core = core

    def closed(self, datagrams: Path, port: int, loop: Loop, replies: Path | None = None) -> Load:
        """Send datagrams as the loop says until all are answered; raise if one never is.

        `replies` gets each first answer: number (4 bytes), length (2), both of this machine's
        order, and its bytes.
        """
        last = [] if replies is None else [replies]
        seconds = MOST_SECONDS if loop.seconds is None else loop.seconds
        words = ["closed", datagrams, port, SOCKETS, seconds, loop.window, loop.key_at, *last]
        with self._started(words) as process:
            load = _result(process)
        if load.lost and loop.seconds is None:
            raise BenchmarkError(f"{load.lost} of {load.answered + load.lost} had no answer")
        if load.unknown:
            raise BenchmarkError(f"{load.unknown} answers belong to nothing that was asked")
        return load

    @contextmanager
    def paced(
        self, datagrams: Path, port: int, *, rate: float, seconds: float
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Send `rate` datagrams a second (0: as many as can be) while this is open."""
        with self._started(["paced", datagrams, port, FLOOD_SOCKETS, seconds, rate]) as process:
            yield process

    def blast(self, datagrams: Path, port: int, *, rate: float, seconds: float) -> Load:
        """Send so many a second, wait for the end, and give what was sent."""
        with self.paced(datagrams, port, rate=rate, seconds=seconds) as process:
            return _result(process)

    @contextmanager
    def _started(self, words: Sequence[object]) -> Iterator[subprocess.Popen[bytes]]:
        process = subprocess.Popen(
            on_core(self._core, [self._program, *map(str, words)]),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        with process:
            try:
                yield process
            finally:
                end(process)


def compile_generator(folder: Path) -> Path:
    """Compile the program into a folder; raise BenchmarkError without a compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        raise BenchmarkError(
            "there is no C compiler; on Debian type: sudo apt install gcc libc6-dev"
        )
    program = folder / "generator"
    done = subprocess.run(
        [compiler, "-O2", "-std=c11", "-Wall", "-Wextra", "-Werror", "-o", program, SOURCE],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BenchmarkError(f"cc cannot compile {SOURCE.name}: {done.stderr}")
    return program


def write_datagrams(path: Path, datagrams: Sequence[bytes]) -> None:
    """Write a file for the generator."""
    parts = (len(datagram).to_bytes(2, "little") + datagram for datagram in datagrams)
    path.write_bytes(b"".join(parts))


def _result(process: subprocess.Popen[bytes]) -> Load:
    out, err = process.communicate(timeout=MOST_SECONDS + 10)
    if process.returncode:
        raise BenchmarkError(err.decode().strip() or f"the generator ended: {process.returncode}")
    return Load(**json.loads(out))
