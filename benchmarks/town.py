"""A server on its core, and the many users who are logged in to it."""

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.errors import BenchmarkError
from benchmarks.figures import Sample
from benchmarks.generator import Generator, Load, Loop, write_datagrams
from benchmarks.machine import Cores
from benchmarks.population import Person, populate
from benchmarks.processes import cpu_seconds, end, resident_bytes, wait_for
from benchmarks.readback import check_stored
from benchmarks.requests import batches, check_answers, signed, signed_entries
from protocol.messages.base import Request
from protocol.messages.batch import Batch
from protocol.messages.writing import Put
from tests.programs import Server, spawn, write_config

WINDOW: Final = 256
"""Unanswered datagrams: what a batch of the server's holds."""

AT_ONCE: Final = 100_000
"""Datagrams in one file: about 20 MB, signed in a few seconds, so none is too old when sent."""

_ENDS: Final = (0, -signal.SIGALRM)
"""The alarm is its own, where a disk that others use too does not take its last bytes in time."""

_PLAIN_TEXT: Final = '[legacy]\nenabled = true\ntcp = false\nuser = "guest"\n'


@dataclass(frozen=True, slots=True)
class Exchange:
    """A load, and the CPU time that the server spent meanwhile."""

    load: Load
    cpu_seconds: float

    @property
    def cpu_us(self) -> float:
        """The server's CPU time for one request that it answered."""
        return 1e6 * self.cpu_seconds / max(1, self.load.answered)


@dataclass
class Town:
    """A running server and its people.

    `bytes_at_rest` was its memory when it was ready and nobody had come yet.
    """

    server: Server
    people: Sequence[Person]
    generator: Generator
    cores: Cores
    bytes_at_rest: int = 0

    @property
    def pid(self) -> int:
        """The server's process."""
        return self.server.process.pid

    def restart(self) -> None:
        """Start the server again, which has ended, on its core; return when it is ready."""
        self.server = _launched(self.server.folder, self.cores)

    def write(
        self, entries: int, people: Sequence[Person] | None = None, *, days_ago: int = 0
    ) -> Sample:
        """Have entries written, one of each person in turn; give how many were a second."""
        taken = 0
        seconds = used = 0.0
        while taken < entries:
            number = min(AT_ONCE, entries - taken)
            datagrams = signed_entries(people or self.people, number, days_ago)
            done = self.ask(datagrams, people or self.people, Put, Loop(WINDOW))
            taken, seconds, used = (
                taken + number,
                seconds + done.load.seconds,
                used + done.cpu_seconds,
            )
        return Sample(entries / seconds, 1e6 * used / entries)

    def write_batches(self, entries: int) -> Sample:
        """Have entries written, as many in a datagram as fit; raise unless all are in the files."""
        asked = batches(entries)
        done = self.ask(signed(self.people, asked), self.people, Batch, Loop(WINDOW))
        names = [person.name for person in self.people]
        check_stored(self.server.data, names, (row.id for batch in asked for row in batch.rows))
        return Sample(entries / done.load.seconds, 1e6 * done.cpu_seconds / entries)

    def write_beside(
        self, trouble: AbstractContextManager[object], seconds: float, entries: int
    ) -> Sample:
        """Have as many of `entries` written as can be in so long, while `trouble` is entered.

        Only what is answered counts.
        """
        loop = Loop(WINDOW, seconds=seconds)
        done = self.ask(signed_entries(self.people, entries), self.people, Put, loop, trouble)
        return Sample(done.load.rate, done.cpu_us)

    def latency(self, entries: int) -> Sample:
        """Write entries one after the other; give the median time to an answer in us."""
        done = self.ask(
            signed_entries(self.people[:1], entries), self.people[:1], Put, Loop(window=1)
        )
        return Sample(done.load.median_us, done.cpu_us)

    def ask(
        self,
        datagrams: Sequence[bytes],
        people: Sequence[Person],
        kind: type[Request],
        loop: Loop,
        trouble: AbstractContextManager[object] | None = None,
    ) -> Exchange:
        """Send requests, which `people` signed in turn, and check that the answers grant them.

        `trouble` is entered while they are sent.
        """
        path, replies = self.server.folder / "datagrams", self.server.folder / "replies"
        write_datagrams(path, datagrams)
        with trouble or nullcontext():
            before = cpu_seconds(self.pid)
            load = self.generator.closed(path, self.server.port, loop, replies)
            used = cpu_seconds(self.pid) - before
        check_answers(replies, load.answered, datagrams, people, kind)
        return Exchange(load, used)


@contextmanager
def open_town(
    folder: Path,
    users: int,
    cores: Cores,
    generator: Generator,
    *diaries: Callable[[Path], None],
) -> Iterator[Town]:
    """Populate a folder and serve it; `diaries` are put into the data folder before.

    Everybody has written an entry then, since a user's first one, which makes a folder and sets up
    keys, happens once in a life.
    """
    folder.mkdir()
    people = populate(folder / "data", users)
    for put_diaries in diaries:
        put_diaries(folder / "data")
    write_config(folder, 0, _PLAIN_TEXT)
    town = Town(_launched(folder, cores), people, generator, cores)
    try:
        town.bytes_at_rest = resident_bytes(town.pid)
        town.write(users)
        yield town
    finally:
        end(town.server.process)
    if (status := town.server.process.returncode) not in _ENDS:
        raise BenchmarkError(f"the server ended with status {status}: {town.server.log}")


def _launched(folder: Path, cores: Cores) -> Server:
    process = spawn(folder, "taskset", "-c", str(cores.measured))
    with ExitStack() as stack:
        stack.callback(end, process)
        port = int(wait_for(folder / "log", r"ready udp \S+:(\d+)", process)[1])
        stack.pop_all()
    return Server(folder, process, port)
