"""The load generator (`generator.c`) on a core of its own."""

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from benchmarks.compiling import compile_program
from benchmarks.errors import BenchmarkError
from benchmarks.processes import end, on_core

SOCKETS: Final = 16
MOST_SECONDS: Final = 300.0
"""No run takes longer; what has no answer by then is lost."""

FLOOD_SOCKETS: Final = 64
"""Each in a network of its own, 127.0.0.0/24 to 127.0.63.0/24, unless a row asks for more."""

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
    p999_us: float

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answered / self.seconds

    @property
    def busy(self) -> float:
        """How much of its core the generator used, from 0 to 1: at 1 it measured itself."""
        return self.cpu_seconds / self.seconds

    @property
    def sent_rate(self) -> float:
        """Datagrams sent a second."""
        return self.sent / self.seconds


@dataclass(frozen=True, slots=True)
class Loop:
    """A closed loop: so many datagrams unanswered at any time, each known by what is at `key_at`.

    `seconds`, if given, ends it early; what has no answer then is no error.
    """

    window: int
    key_at: int = RID_AT
    seconds: float | None = None


class Generator:
    """Runs the compiled program; `busiest` is how much of its core it used at most, in any loop."""

    def __init__(self, program: Path, core: int) -> None:
        """Use a program that `compile_generator` made."""
        self.busiest = 0.0
        self._program = program
        self._core = core

    def apart(self) -> Self:
        """Give the same one, for loads that `busiest` is not to count."""
        return type(self)(self._program, self._core)

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
        self.busiest = max(self.busiest, load.busy)
        return load

    @contextmanager
    def paced(
        self,
        datagrams: Path,
        port: int,
        rate: float,
        loads: list[Load],
        networks: int = FLOOD_SOCKETS,
    ) -> Iterator[None]:
        """Send `rate` datagrams a second while this is open; `loads` gets what was sent."""
        words = ["paced", datagrams, port, networks, MOST_SECONDS, rate]
        with self._started(words) as process:
            _wait_for_begin(process)
            yield
            process.terminate()
            loads.append(_result(process))

    def blast(self, datagrams: Path, port: int, *, rate: float, seconds: float) -> Load:
        """Send so many a second (0: as many as can be) for so long, and give what was sent."""
        words = ["paced", datagrams, port, FLOOD_SOCKETS, seconds, rate]
        with self._started(words) as process:
            _wait_for_begin(process)
            return _result(process)

    @contextmanager
    def _started(self, words: Sequence[object]) -> Iterator[subprocess.Popen[bytes]]:
        process = subprocess.Popen(
            on_core(self._core, [self._program, *map(str, words)]),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,  # what is read after the first line stays for the one who reads it
        )
        with process:
            try:
                yield process
            finally:
                end(process)


def compile_generator(folder: Path) -> Path:
    """Compile the program into a folder; raise BenchmarkError without a compiler."""
    return compile_program(Path(__file__).with_name("generator.c"), folder)


def write_datagrams(path: Path, datagrams: Sequence[bytes]) -> None:
    """Write a file for the generator."""
    parts = (len(datagram).to_bytes(2, "little") + datagram for datagram in datagrams)
    path.write_bytes(b"".join(parts))


def _wait_for_begin(process: subprocess.Popen[bytes]) -> None:
    """Return when the first datagram is about to be sent, or when the program has failed."""
    if process.stdout is not None:
        process.stdout.readline()


def _result(process: subprocess.Popen[bytes]) -> Load:
    out, err = process.communicate(timeout=MOST_SECONDS + 10)
    if process.returncode:
        raise BenchmarkError(err.decode().strip() or f"the generator ended: {process.returncode}")
    return Load(**json.loads(out))
