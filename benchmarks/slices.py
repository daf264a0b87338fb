"""How long the store's thread is kept by a slice of whatever looks into files of a full day.

    python -m benchmarks.slices

Rules: CPU time of the one thread, since only that is the store's; what waits for a disk is not
counted. Each operation is called again until it is done, as `service.work.slices` does.
"""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.estates import days_ago
from benchmarks.requests import texts
from diaryserver.clock import SystemClock
from diaryserver.engine import open_entries
from diaryserver.service.ports.entries import UnfinishedError, WordQuery, Writing, new_entry
from diaryserver.service.quotas import MAX_DAY_BYTES
from diaryserver.service.work.slices import SLICE_SECONDS
from diaryserver.store.disk.user_folder import day_file
from diaryserver.store.files import FileEntryStore
from protocol.dayfile import Written, format_record
from protocol.identifiers import EntryId, Username
from protocol.stamp import Stamp

_USER: Final = Username("u0")
_BUILD: Final = Path(__file__).parents[1] / "build"
_DAY: Final = 86_400_000
_EVERY_ROW: Final = 9
_ROOM: Final = 900
_ANY_TIME: Final = 2**63
_clock: Final = SystemClock()


def main() -> None:
    """Print the table."""
    _BUILD.mkdir(exist_ok=True)
    with TemporaryDirectory(dir=_BUILD, prefix="slices-") as temporary:
        data = Path(temporary)
        records = _full_day()
        with open_entries(data) as entries:
            entries.create_day(_USER, days_ago(0))
        day = data / "diaries" / _USER / day_file(days_ago(1))
        day.write_bytes(b"".join(map(format_record, records)))
        day.chmod(0o600)
        with open_entries(data) as entries:
            for name, call in _calls(entries, records[0]):
                slices, longest, total = _sliced(entries, call)
                sys.stdout.write(
                    f"{1e3 * longest:7.1f} ms at most, {slices:5} slices, {total:6.2f} s  {name}\n"
                )


def _calls(entries: FileEntryStore, oldest: Written) -> Iterator[tuple[str, Callable[[], object]]]:
    day = days_ago(1)
    size = f"of {MAX_DAY_BYTES / 2**20:.0f} MiB"
    yield f"list a day {size}", lambda: entries.list_days(_USER, day, day, _EVERY_ROW)
    yield "search it", lambda: entries.search(_USER, WordQuery("nowhere", day, day), b"", _ROOM)
    again = new_entry(_USER, oldest.id, oldest.stamp, oldest.text, starred=False, received=1)
    yield "repeat its oldest entry", lambda: _decided(entries, again)
    yield "tell how much room is left", lambda: entries.usage(_USER, day)
    [row] = entries.list_days(_USER, day, day, _EVERY_ROW).rows
    rid = EntryId.make(_clock.now(), bytes(10))
    yield "clear it", lambda: entries.clear(_USER, day, row.generation, rid)
    [archived] = entries.list_archives(_USER, "", _EVERY_ROW).rows
    yield "list its archive", lambda: entries.list_archives(_USER, "", _EVERY_ROW)
    yield "bring it back", lambda: entries.recover(_USER, day, archived.generation, archived.name)
    yield "list its archive again", lambda: entries.list_archives(_USER, "", _EVERY_ROW)
    compressor = entries.compressor
    for due in compressor.due(_USER, days_ago(0), _ANY_TIME):
        if ready := compressor.prepare(due):
            compressor.finish(ready)
    yield (
        "read it when it is compressed",
        lambda: entries.read(_USER, day, archived.generation, 0, _ROOM),
    )
    late = again._replace(id=EntryId.make(_clock.now(), bytes(10)))
    yield "write to it when it is compressed", lambda: _decided(entries, late)


def _sliced(entries: FileEntryStore, call: Callable[[], object]) -> tuple[int, float, float]:
    """Give how many slices there were, the longest and all of them, in seconds."""
    slices: list[float] = []
    while True:
        end = _clock.monotonic() + SLICE_SECONDS
        began = time.thread_time()
        try:
            with entries.bounded(partial(_is_before, end)):
                call()
        except UnfinishedError:
            slices.append(time.thread_time() - began)
            continue
        slices.append(time.thread_time() - began)
        return len(slices), max(slices), sum(slices)


def _is_before(end: float) -> bool:
    return _clock.monotonic() < end


def _decided(entries: FileEntryStore, writing: Writing) -> None:
    [outcome] = entries.append_batch([writing])
    if isinstance(outcome, UnfinishedError):
        raise outcome


def _full_day() -> Sequence[Written]:
    noon = _clock.now() // _DAY * _DAY - _DAY // 2
    [text] = texts(1)
    stamp = Stamp(noon, 0)
    number = MAX_DAY_BYTES // len(
        format_record(Written(stamp, EntryId.make(noon, bytes(10)), text))
    )
    return [
        Written(stamp, EntryId.make(noon, each.to_bytes(10, "big")), text)
        for each in range(number - 1)
    ]


if __name__ == "__main__":
    main()
