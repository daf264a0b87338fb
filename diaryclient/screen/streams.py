"""Standard output and standard error of the process, wherever they lead.

Rules: what was asked is done whether its answer can be printed or not; so nothing here raises. The
first write to standard output that fails is remembered, what comes after it goes nowhere, and the
process says so at its end, with an exit status of its own, because 1 says that something was not
done. A reader that went away wants no more, and whoever closed standard
output wants nothing: neither is a fault. What prints much stops when `is_unheard`.
"""

import errno
import io
import os
import sys
from typing import TYPE_CHECKING, Final, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

UNWRITTEN: Final = 8
"""The exit status of a command that was carried out, but whose output could not be written."""


class _Patient(io.FileIO):
    """A descriptor that takes whatever is written to it; `failure` is why some of it is lost."""

    failure: OSError | None = None

    def write(self, data: "ReadableBuffer", /) -> int:
        """Write, or drop it when that has failed once."""
        if self.failure is None:
            try:
                written = super().write(data)
            except OSError as error:
                self.failure = error
            else:
                if written is not None:
                    return written
                # A terminal that another program has made non-blocking, and that is full.
                self.failure = BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        return memoryview(data).nbytes


def open_streams() -> None:
    """Put streams that raise nothing into the place of those that the interpreter has opened.

    A closed one leads nowhere from now on: else the next file that is opened would take its number.
    """
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if stream is None:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    sys.stdout = _opened(1, sys.stdout)
    sys.stderr = _opened(2, sys.stderr)


def is_unheard() -> bool:
    """Tell whether nothing more that is printed reaches anybody."""
    return _failure(sys.stdout) is not None


def end_streams(status: int) -> int:
    """Write what is left, say what could not be written, and give the exit status of the process.

    It is `status`, unless that is 0 and output is lost that somebody waits for.
    """
    sys.stdout.flush()
    failure = _failure(sys.stdout)
    if failure and failure.errno not in {errno.EPIPE, None}:
        sys.stderr.write(f"diaryclient: standard output cannot be written: {failure.strerror}\n")
        status = status or UNWRITTEN
    sys.stderr.flush()
    return status


def _opened(descriptor: int, before: TextIO | None) -> TextIO:
    raw = _Patient(descriptor, "wb", closefd=False)
    if before is None:
        raw.failure = OSError()  # without a number: nobody is missing anything
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=before.encoding if before else "utf-8",
        errors="backslashreplace",
        line_buffering=descriptor == 2 or raw.isatty(),  # noqa: PLR2004 - standard error
    )


def _failure(stream: TextIO) -> OSError | None:
    raw = getattr(getattr(stream, "buffer", None), "raw", None)
    return raw.failure if isinstance(raw, _Patient) else None
