"""Which stores there are: each row is put through the one suite of `test_store_contract`.

A new store needs a row in `STORES` and passes what is there, or it is no store.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, Protocol, Self, cast

from diaryserver.engine import UNLIMITED, open_entries
from diaryserver.service.ports.dayfiles import DayFileStore
from diaryserver.service.ports.entries import (
    Appended,
    EntryStore,
    Outcome,
    Writing,
    new_change,
    new_entry,
)
from diaryserver.service.quotas import Quotas
from diaryserver.store.days.cache import DayCache
from diaryserver.store.files import FileEntryStore
from protocol.dayfile import (
    Amended,
    Foreign,
    Record,
    Removed,
    Restored,
    Written,
    fold,
    parse_day_file,
)
from protocol.errors import RefusedError
from protocol.identifiers import Day, EntryId, Username
from protocol.messages.changes import version_of
from protocol.messages.diary import DayRow
from tests.server.fakes import NOON, new_id, stamp

ALICE: Final = Username("alice")
BOB: Final = Username("bob")
TODAY: Final = Day("2026-11-22")
TOMORROW: Final = Day("2026-11-23")
FIRST: Final = Day("0001-01-01")
LAST: Final = Day("9999-12-31")
EVERYTHING: Final = 2**30
NEVER: Final = 2**63
"""So long ago, in ns, that every file is quiet."""


def folder_in_memory() -> Path:
    """Make a folder, in memory where that is possible: for answers, without syncs, which take time.

    Who makes it removes it.
    """
    memory = Path("/dev/shm")  # noqa: S108 - a fresh folder of our own in it
    return Path(tempfile.mkdtemp(prefix="diary-test-", dir=memory if memory.is_dir() else None))


class Opener(Protocol):
    """Opens a store on what lies in a folder, as the server would after a start."""

    def __call__(self, folder: Path, limits: Quotas = UNLIMITED) -> "Iterator[EntryStore]":
        """Give the store once; close it when the iterator is closed."""


def open_files(folder: Path, limits: Quotas = UNLIMITED) -> Iterator[EntryStore]:
    """Day files, opened by the server's own composition."""
    folder.mkdir(mode=0o700, exist_ok=True)
    with open_entries(folder, limits) as entries:
        yield entries


def open_trailing_files(folder: Path, limits: Quotas = UNLIMITED) -> Iterator[EntryStore]:
    """Day files under load: each is written only when somebody reads it, or it is asked to be."""
    folder.mkdir(mode=0o700, exist_ok=True)
    with open_entries(folder, limits, files_at_once=0) as entries:
        yield entries


def open_long_files(folder: Path, limits: Quotas = UNLIMITED) -> Iterator[EntryStore]:
    """Trailing day files with more entries than are known by heart."""
    folder.mkdir(mode=0o700, exist_ok=True)
    with open_entries(folder, limits, files_at_once=0, cache=DayCache(newest=2)) as entries:
        yield entries


def open_compressed_files(folder: Path, limits: Quotas = UNLIMITED) -> Iterator[EntryStore]:
    """Long day files that are compressed whenever something was done to a diary."""
    folder.mkdir(mode=0o700, exist_ok=True)
    with open_entries(folder, limits, cache=DayCache(newest=2)) as entries:
        compress_all(entries)
        yield cast("EntryStore", _Compressing(entries))


class _Compressing:
    """A store whose every method compresses all days when it is done."""

    def __init__(self, entries: FileEntryStore) -> None:
        self._entries = entries

    def __getattr__(self, name: str) -> Callable[..., object]:
        method = getattr(self._entries, name)

        def call(*arguments: object) -> object:
            try:
                return method(*arguments)
            finally:
                compress_all(self._entries)

        return call


def compress_all(entries: DayFileStore) -> int:
    """Compress every day there is, and give how many were."""
    compressor = entries.compressor
    count = 0
    for user in compressor.users():
        for due in compressor.due(user, LAST, NEVER):
            compressor.tidy(due)
            ready = compressor.prepare(due)
            count += ready is not None and compressor.finish(ready)
    return count


STORES: Final[dict[str, Opener]] = {
    "files": open_files,
    "trailing, long files": open_long_files,
    "compressed files": open_compressed_files,
}


class Diaries:
    """A store under test, which can be closed and opened again."""

    def __init__(self, opener: Opener, folder: Path, limits: Quotas = UNLIMITED) -> None:
        """Nothing is open before `opened`."""
        self._opener = opener
        self._folder = folder
        self._limits = limits
        self._stack = ExitStack()
        self.store: EntryStore

    def __enter__(self) -> Self:
        """Open it."""
        self.store = self._stack.enter_context(
            contextmanager(self._opener)(self._folder, self._limits)
        )
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self._stack.close()

    def reopen(self) -> None:
        """Close and open the store, as a restart does."""
        self._stack.close()
        self.__enter__()

    def put(
        self,
        text: str = "a line",
        entry_id: EntryId | None = None,
        *,
        user: Username = ALICE,
        at: int = NOON,
        off: int = 0,
    ) -> Outcome:
        """Append one entry."""
        return self.store.append_batch([entry(text, entry_id, user=user, at=at, off=off)])[0]

    def reopen_copy(self, folder: Path) -> None:
        """Go on with a copy of what lies in the folder just now, as after a kill."""
        shutil.copytree(self._folder, folder)
        self._stack.close()
        self._folder = folder
        self.__enter__()

    @property
    def folder(self) -> Path:
        """Where the store keeps everything."""
        return self._folder

    def rows(self, user: Username = ALICE) -> list[DayRow]:
        """List all days."""
        return list(self.store.list_days(user, FIRST, LAST, EVERYTHING).rows)

    def generation(self, day: Day, user: Username = ALICE) -> int:
        """Give the generation of a day that has entries."""
        return next(row.generation for row in self.rows(user) if row.day == day)

    def raw(self, day: Day, user: Username = ALICE) -> bytes:
        """Read a whole day."""
        return self.store.read(user, day, self.generation(day, user), 0, EVERYTHING).data

    def records(self, day: Day, user: Username = ALICE) -> list[Record]:
        """Read and parse a whole day; nothing in it may be foreign."""
        parsed = parse_day_file(self.raw(day, user))
        assert not any(isinstance(record, Foreign) for record in parsed)
        return [record for record in parsed if not isinstance(record, Foreign)]

    def texts(self, day: Day, user: Username = ALICE) -> list[str]:
        """Give a day's first texts in the order they are stored in."""
        return [record.text for record in self.records(day, user) if isinstance(record, Written)]

    def shown(self, day: Day, user: Username = ALICE) -> list[str]:
        """Give a day's texts as they stand now."""
        return [entry.text for entry in fold(self.records(day, user))]

    def change(self, alteration: Writing) -> Outcome:
        """Change one entry."""
        return self.store.append_batch([alteration])[0]

    def clear(self, day: Day, rid: EntryId | None = None, user: Username = ALICE) -> str:
        """Set a day aside."""
        return self.store.clear(user, day, self.generation(day, user), rid or new_id())


def entry(
    text: str = "a line",
    entry_id: EntryId | None = None,
    *,
    user: Username = ALICE,
    at: int = NOON,
    off: int = 0,
    starred: bool = False,
    received: int = NOON,
    via: str = "",
) -> Writing:
    """Give an entry to append, with an id of its own unless one is given."""
    return new_entry(user, entry_id or new_id(), stamp(at, off), text, starred, received, via)


def amending(
    original: EntryId,
    text: str,
    base: EntryId | None = None,
    change_id: EntryId | None = None,
    *,
    user: Username = ALICE,
    day: Day = TODAY,
    starred: bool = False,
    received: int = NOON,
) -> Writing:
    """Give an amendment made to the version `base`, the entry as it was written by default."""
    change = Amended(stamp(received), change_id or new_id(), original, text, starred)
    return new_change(user, day, version_of(base or original), change)


def removing(
    original: EntryId,
    base: EntryId | None = None,
    change_id: EntryId | None = None,
    *,
    user: Username = ALICE,
    day: Day = TODAY,
) -> Writing:
    """Give a removal, with `base` as above."""
    change = Removed(stamp(), change_id or new_id(), original)
    return new_change(user, day, version_of(base or original), change)


def restoring(
    original: EntryId,
    base: EntryId | None = None,
    change_id: EntryId | None = None,
    *,
    user: Username = ALICE,
    day: Day = TODAY,
) -> Writing:
    """Give what takes the last change back, with `base` as above."""
    change = Restored(stamp(), change_id or new_id(), original)
    return new_change(user, day, version_of(base or original), change)


def refused(function: Callable[[], object]) -> type[RefusedError] | None:
    """Give how a call was refused."""
    try:
        function()
    except RefusedError as error:
        return type(error)
    return None


def fresh(day: str) -> Appended:
    """Give the outcome of a first append."""
    return Appended(Day(day), duplicate=False)


def again(day: str) -> Appended:
    """Give the outcome of a repetition."""
    return Appended(Day(day), duplicate=True)
