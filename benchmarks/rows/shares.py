"""What is left of others' signed writes while one logged-in user has the server look into files.

The user has everything that takes long to look into: full days, a day that was cleared many times,
an entry with very many amendments. Each flood comes at a steady rate, whatever is answered, and the
others write all they can; how long the slowest of them wait is compared as well.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from typing import Final

from benchmarks.claims import Claim
from benchmarks.estates import days_ago
from benchmarks.figures import Better, Figure, Sample, Series
from benchmarks.generator import Load, Loop, write_datagrams
from benchmarks.processes import resident_bytes, wait_until_idle
from benchmarks.requests import signed, signed_entries
from benchmarks.scale import Scale
from benchmarks.town import WINDOW, Town
from benchmarks.workbench import Workbench
from diaryserver.clock import SystemClock
from diaryserver.store.disk.user_folder import ARCHIVE, archived_file, day_file
from protocol.dayfile import Amended, Written, format_record
from protocol.identifiers import EntryId
from protocol.messages.base import Request
from protocol.messages.batch import Batch, EntryRow
from protocol.messages.changes import Amend, version_of
from protocol.messages.finding import Search
from protocol.messages.writing import Put
from protocol.stamp import Stamp

FULL_DAYS: Final = 28
ARCHIVES: Final = 48
"""Of a day in each run, since an archive is read once."""

_CLEARED_FROM: Final = 40
"""So many days ago and before are the cleared days, one a run."""

_AMENDED: Final = 30
"""So many days ago is the entry with many amendments."""

_DAY: Final = 86_400_000
_SPARE_SECONDS: Final = 1.0
_RATES: Final[Mapping[str, int]] = {
    "searches": 1_000,
    "batches of old entries": 50,
    "writes to a day with 48 archives": 50,
    "changes of an entry with many amendments": 50,
}
_clock: Final = SystemClock()


def _during(name: str) -> str:
    return f"during {_RATES[name]:,} {name} a second by one user"


KEPT: Final[Mapping[str, Claim]] = {
    name: Claim(f"signed entries/s {_during(name)} : undisturbed", 0.8, Better.HIGHER)
    for name in _RATES
}
SLOWEST: Final[Mapping[str, Claim]] = {
    name: Claim(f"99.9th percentile of a write {_during(name)} : undisturbed", 2, Better.LOWER)
    for name in _RATES
}
SHARES: Final = tuple(claim for name in _RATES for claim in (KEPT[name], SLOWEST[name]))


@dataclass
class _Runs:
    """What came of the runs with one flood, or with none."""

    kept: list[Sample] = field(default_factory=list)
    slowest: list[Sample] = field(default_factory=list)

    def take(self, load: Load, cpu_us: float) -> None:
        self.kept.append(Sample(load.rate, cpu_us))
        self.slowest.append(Sample(load.p999_us))


def shares(bench: Workbench) -> Iterator[Figure]:
    """Measure undisturbed writes, and those during each flood, in turn."""
    scale = bench.scale
    hoard = _Hoard(scale)
    runs = {name: _Runs() for name in ("", *_RATES)}
    loads: list[Load] = []
    with bench.new_town("shares", scale.users, hoard.write) as town:
        _measure(bench, town, nullcontext(), _Runs())  # or what others write would count as growth
        before = resident_bytes(town.pid)
        for number in range(scale.runs):
            for name, taken in runs.items():
                wait_until_idle(town.pid)
                _measure(bench, town, hoard.flood(name, number, town, bench, loads), taken)
        grown = resident_bytes(town.pid) - before
    for name in _RATES:
        yield KEPT[name].figure(scale, _series(runs[name].kept), _series(runs[""].kept))
        yield SLOWEST[name].figure(scale, _series(runs[name].slowest), _series(runs[""].slowest))
    bench.remarks["shares"] = (
        f"Who had the server look into files has {FULL_DAYS} days of {hoard.megabytes:.1f} MB, and "
        f"an entry with {scale.hoarded_entries:,} amendments; the server grew by "
        f"{grown / 2**20:.1f} MiB."
    )


def _measure(
    bench: Workbench, town: Town, trouble: AbstractContextManager[object], runs: _Runs
) -> None:
    scale, others = bench.scale, town.people[1:]
    loop = Loop(WINDOW, seconds=scale.flood_seconds)
    datagrams = signed_entries(others, scale.flood_entries)
    done = town.ask(datagrams, others, Put, loop, trouble)
    runs.take(done.load, done.cpu_us)


def _series(samples: Sequence[Sample]) -> Series:
    return Series(tuple(samples))


class _Hoard:
    """The diary of user u0, and what is asked of it."""

    def __init__(self, scale: Scale) -> None:
        """Make the days once; all have the same ids, since these need only differ within a day."""
        self._scale = scale
        self._noon = _clock.now() // _DAY * _DAY - _DAY // 2
        self._ids = [
            EntryId.make(self._noon - FULL_DAYS * _DAY + number, os.urandom(10))
            for number in range(scale.hoarded_entries)
        ]
        self._original = self._ids[0]
        self._yesterday = b"".join(
            format_record(Written(Stamp(self._moment(1, number), 0), entry_id, "x"))
            for number, entry_id in enumerate(self._ids)
        )

    @property
    def megabytes(self) -> float:
        """Of a full day."""
        return len(self._yesterday) / 1e6

    def write(self, data: Path) -> None:
        """Put all of it into the data folder."""
        folder = data / "diaries" / "u0"
        (folder / ARCHIVE).mkdir(mode=0o700, parents=True)
        for ago in range(1, FULL_DAYS + 1):
            self._put(folder / day_file(days_ago(ago)), self._day(ago))
        self._put(folder / day_file(days_ago(_AMENDED)), self._amended())
        for run in range(self._scale.runs):
            day = days_ago(_CLEARED_FROM + run)
            for generation in range(ARCHIVES):
                rid = EntryId.make(self._noon, os.urandom(10))
                few = self._day(_CLEARED_FROM + run, len(self._ids) // ARCHIVES)
                self._put(folder / ARCHIVE / archived_file(day, generation, rid), few)
        for each in (data / "diaries", folder):
            each.chmod(0o700)

    def flood(
        self, name: str, run: int, town: Town, bench: Workbench, loads: list[Load]
    ) -> AbstractContextManager[object]:
        """Give what is to be entered while others write."""
        if not name:
            return nullcontext()
        makers: Mapping[str, Callable[[], Iterator[Request]]] = {
            "searches": self._searches,
            "batches of old entries": self._batches,
            "writes to a day with 48 archives": lambda: self._late(run),
            "changes of an entry with many amendments": self._changes,
        }
        rate = _RATES[name]
        number = int(rate * (self._scale.flood_seconds + _SPARE_SECONDS))
        path = bench.folder / "shares.datagrams"
        write_datagrams(path, signed(town.people[:1], islice(makers[name](), number)))
        return bench.generator.paced(path, town.server.port, rate, loads)

    def _searches(self) -> Iterator[Request]:
        while True:
            yield Search("nowhere to be found", days_ago(FULL_DAYS), days_ago(1))

    def _batches(self) -> Iterator[Request]:
        for turn in cycle(range(len(self._ids))):
            yield Batch(
                tuple(
                    EntryRow(self._ids[turn], self._moment(ago, turn), 0, "x", star=False)
                    for ago in range(1, FULL_DAYS + 1)
                )
            )

    def _late(self, run: int) -> Iterator[Request]:
        while True:
            yield Put(self._moment(_CLEARED_FROM + run, 0), 0, "late")

    def _changes(self) -> Iterator[Request]:
        base = version_of(self._ids[-1])
        while True:
            yield Amend(days_ago(_AMENDED), self._original, base, 0, "again")

    def _moment(self, ago: int, number: int) -> int:
        return self._noon - (ago - 1) * _DAY + number

    def _day(self, ago: int, entries: int | None = None) -> bytes:
        lines = self._yesterday.splitlines(keepends=True)[:entries]
        return b"".join(lines).replace(days_ago(1).encode(), days_ago(ago).encode())

    def _amended(self) -> bytes:
        stamp = Stamp(self._moment(_AMENDED, 0), 0)
        amendments = (Amended(stamp, each, self._original, "y") for each in self._ids[1:])
        records: list[Written | Amended] = [Written(stamp, self._original, "x"), *amendments]
        return b"".join(map(format_record, records))

    def _put(self, path: Path, data: bytes) -> None:
        path.write_bytes(data)
        path.chmod(0o600)
