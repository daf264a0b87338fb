"""What compressing past months saves and costs: a year of one diary, plain and in gzip.

    python -m benchmarks.compression

Both are asked through the store itself, in turns, each time just opened. The texts are sentences of
this project's documents, none of them twice on a day.
"""

import random
import re
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time
from typing import Final

from benchmarks.errors import BenchmarkError
from diaryserver.engine import open_entries
from diaryserver.service.ports.entries import WordQuery, Writing, new_entry
from diaryserver.store.files import FileEntryStore
from protocol.identifiers import Day, EntryId, Username
from protocol.stamp import Stamp

DAYS: Final = 365
ENTRIES: Final = (5, 50)
TURNS: Final = 9

_BUILD: Final = Path(__file__).parents[1] / "build"
_DOCUMENTS: Final = Path(__file__).parents[1] / "docs"
_SENTENCE: Final = re.compile(r"[A-Z][^.:|`<>]{40,300}[.]")
_USER: Final = Username("u0")
_FIRST: Final = Day("2023-01-01")
_LAST: Final = Day("2023-12-31")
_NOON: Final = 1_672_574_400_000
_MINUTE: Final = 60_000
_DAY: Final = 1440 * _MINUTE
_EVER: Final = 2**63
_ROOM: Final = 2**15


def main() -> None:
    """Print the figures for ordinary days and for long ones; times are of the processor."""
    texts = [path.read_text() for path in sorted(_DOCUMENTS.rglob("*.md"))]
    sentences = [" ".join(each.split()) for text in texts for each in _SENTENCE.findall(text)]
    _BUILD.mkdir(exist_ok=True)
    for entries in ENTRIES:
        sys.stdout.write(f"{DAYS} days of {entries} entries, plain and compressed\n")
        with TemporaryDirectory(dir=_BUILD, prefix="compression-") as folder:
            for line in _figures(Path(folder), entries, sentences):
                sys.stdout.write(f"  {line}\n")


def _figures(folder: Path, entries: int, sentences: list[str]) -> list[str]:
    plain, packed = folder / "plain", folder / "gzip"
    _make(plain, entries, sentences)
    _make(packed, entries, sentences)
    with open_entries(packed) as store:
        each = _compress(store)
    turns = [(_ask(plain), _ask(packed)) for _ in range(TURNS)]
    times = [
        (what, *(median(turn[form][what] for turn in turns) * 1000 for form in (0, 1)))
        for what in turns[0][0]
    ]
    return [
        f"{_size(plain):>10,} {_size(packed):>10,}  bytes",
        f"{_blocks(plain):>10,} {_blocks(packed):>10,}  bytes of blocks on this disk",
        *(f"{first:10.1f} {second:10.1f}  ms, {what}" for what, first, second in times),
        f"{each * 1e6:21.0f}  us of the store's thread to compress a day",
    ]


def _make(folder: Path, entries: int, sentences: list[str]) -> None:
    chance = random.Random(1)
    folder.mkdir(mode=0o700)
    with open_entries(folder) as store:
        for number in range(DAYS):
            moments = range(
                _NOON + number * _DAY, _NOON + number * _DAY + entries * _MINUTE, _MINUTE
            )
            chosen = iter(chance.sample(sentences, 2 * entries))
            store.append_batch(
                [_entry(at, f"{next(chosen)} {next(chosen)}", chance) for at in moments]
            )


def _entry(at: int, text: str, chance: random.Random) -> Writing:
    entry_id = EntryId.make(at, chance.randbytes(10))
    return new_entry(_USER, entry_id, Stamp(at, 60), text, starred=False, received=at, via="")


def _compress(store: FileEntryStore) -> float:
    """Compress all days, and give what the store's thread has to do for one, in s."""
    taken = []
    for due in store.compressor.due(_USER, Day("9999-12-31"), _EVER):
        ready = store.compressor.prepare(due)
        if ready is None:
            raise BenchmarkError(f"{due.day} was not compressed")
        before = process_time()
        store.compressor.finish(ready)
        taken.append(process_time() - before)
    return median(taken)


def _ask(folder: Path) -> dict[str, float]:
    """Give what each question takes, in s."""
    with open_entries(folder) as store:
        return {
            "listing the year, the first time": _timed(lambda: _list(store)),
            "listing it again": _timed(lambda: _list(store)),
            "reading all its days": _timed(lambda: _read(store)),
            "searching it": _timed(lambda: _search(store)),
        }


def _timed(function: Callable[[], None]) -> float:
    before = process_time()
    function()
    return process_time() - before


def _list(store: FileEntryStore) -> None:
    if len(store.list_days(_USER, _FIRST, _LAST, DAYS).rows) != DAYS:
        raise BenchmarkError("days are missing")


def _read(store: FileEntryStore) -> None:
    for number in range(DAYS):
        day = Day((date.fromisoformat(_FIRST) + timedelta(number)).isoformat())
        if not store.read(_USER, day, 0, 0, _ROOM).data:
            raise BenchmarkError(f"{day} is empty")


def _search(store: FileEntryStore) -> None:
    query = WordQuery("words that nobody wrote", _FIRST, _LAST)
    cursor = store.search(_USER, query, b"", _ROOM).cursor
    while cursor:
        cursor = store.search(_USER, query, cursor, _ROOM).cursor


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in _day_files(folder))


def _blocks(folder: Path) -> int:
    return sum(path.stat().st_blocks * 512 for path in _day_files(folder))


def _day_files(folder: Path) -> list[Path]:
    return list(folder.glob(f"diaries/{_USER}/*.log*"))


if __name__ == "__main__":
    main()
