"""Ids and places for ever: whatever clients, operators, crashes and a disk do, in any order.

A small model holds what every reader has read, and what every writer was told. A power cut takes
what was not synced; an operator syncs what they move.
"""

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from diaryserver.accounts.connection import Connection
from diaryserver.accounts.knownledger import KnownLedger
from diaryserver.accounts.schema import open_database
from diaryserver.engine import open_entries
from diaryserver.maintenance.backup import back_up
from diaryserver.maintenance.layout import ACCOUNTS
from diaryserver.maintenance.ledgerstamps import match, note
from diaryserver.maintenance.repair import repair
from diaryserver.maintenance.restore import Keys, restore
from diaryserver.service.ports.entries import Appended, Writing
from diaryserver.store.days.cache import DayCache
from diaryserver.store.ledger.ledgerfile import LEDGER
from protocol.errors import RefusedError, StorageError
from protocol.identifiers import Day, EntryId
from protocol.messages.diary import DayRow
from tests.server.fakes import NOON, new_id
from tests.server.forgetful import (
    ForgetfulDisk,
    PowerCutError,
    Survival,
    only_what_was_synced,
    torn,
    with_a_hole,
)
from tests.server.store_contract import (
    ALICE,
    EVERYTHING,
    FIRST,
    LAST,
    TODAY,
    amending,
    compress_all,
    entry,
    folder_in_memory,
)

if TYPE_CHECKING:
    from diaryserver.store.files import FileEntryStore

CACHES: Final[dict[str, dict[str, Any]]] = {
    "roomy": {},
    "one day, two ids": {"max_days": 1, "newest": 2},
}
DAY: Final = 86_400_000
_UID: Final = bytes(16)
EXAMPLES: Final = int(os.environ.get("DIARY_EXAMPLES", "150"))
"""Some three seconds; more with a number in the environment, by the hundred in one."""

PLACES: Final = st.integers(0, 5)


class _FailingDisk(ForgetfulDisk):
    """It forgets, and fails once when it was told to, so many calls from then."""

    fails_in = 0
    error = errno.EIO

    def _live(self) -> None:
        super()._live()
        if self.fails_in:
            self.fails_in -= 1
            if not self.fails_in:
                raise OSError(self.error, os.strerror(self.error))


class ForEver(RuleBasedStateMachine):
    """A diary, what its readers hold, and what its writers were told."""

    def __init__(self) -> None:
        super().__init__()
        self.home = folder_in_memory()
        self.data = self.home / "data"
        self.data.mkdir(mode=0o700)
        open_database(self.data / ACCOUNTS).close()
        self.diary = self.data / "diaries" / "alice"
        self.cache = "roomy"
        self.stored: dict[EntryId, Writing] = {}
        self.edited: set[EntryId] = set()
        self.read: dict[tuple[Day, int], bytes] = {}
        self.clears: dict[EntryId, tuple[Day, str]] = {}
        self.renamed = 0
        (self.home / "accounts").mkdir()
        self.open()
        self.ledgers = [(self.data / LEDGER).read_bytes()]

    def teardown(self) -> None:
        """Remove everything."""
        self.close()
        shutil.rmtree(self.home)

    # Clients

    @rule(day=st.integers(0, 1), length=st.sampled_from([3, 40, 9000]))
    def write(self, day: int, length: int) -> None:
        """A new entry."""
        self.keep(entry("x" * length, at=NOON - day * DAY))

    @rule(place=PLACES)
    def amend(self, place: int) -> None:
        """A change of one."""
        entries = [each for each in self.stored.values() if each.change is None]
        if entries:
            original = entries[place % len(entries)]
            self.keep(amending(original.id, "amended", day=original.day))

    def keep(self, writing: Writing) -> None:
        """Write something, and know whether it was stored."""
        [outcome] = self.store.append_batch([writing])
        if isinstance(outcome, Appended):
            assert not outcome.duplicate
            self.stored[writing.id] = writing

    @precondition(lambda self: self.stored)
    @rule(place=PLACES)
    def repeat(self, place: int) -> None:
        """What was acknowledged is never stored again, unless somebody took it out by hand."""
        was_well = self.is_well
        writing = self.stored[sorted(self.stored)[place % len(self.stored)]]
        [outcome] = self.store.append_batch([writing])
        if writing.id not in self.edited:
            is_known = outcome == Appended(writing.day, duplicate=True)
            assert is_known or (not was_well and isinstance(outcome, RefusedError)), outcome

    @rule(place=PLACES)
    def clear(self, place: int) -> None:
        """A day goes into the archive."""
        if rows := self.rows():
            row = rows[place % len(rows)]
            rid = new_id()
            with suppress(RefusedError):
                name = self.store.clear(ALICE, row.day, row.generation, rid)
                self.clears[rid] = row.day, name

    @precondition(lambda self: self.clears)
    @rule(place=PLACES)
    def clear_again(self, place: int) -> None:
        """A repetition clears nothing, and hears what it heard."""
        was_well, before = self.is_well, self.rows()
        rid = sorted(self.clears)[place % len(self.clears)]
        day, name = self.clears[rid]
        try:
            assert self.store.clear(ALICE, day, 0, rid) == name
        except StorageError:
            assert not was_well
        assert not was_well or self.rows() == before

    @rule(place=PLACES)
    def recover(self, place: int) -> None:
        """A cleared day comes back."""
        with suppress(RefusedError):
            if found := self.store.list_archives(ALICE, "", 99).rows:
                row = found[place % len(found)]
                self.store.recover(ALICE, row.day, row.generation, row.name)

    # Operators

    @rule()
    def compress(self) -> None:
        """Days of which nobody writes any more."""
        with suppress(OSError):
            compress_all(self.store)

    @rule(place=PLACES)
    def rename(self, place: int) -> None:
        """As logrotate does it; the server meets it when the day is looked at.

        Whoever moved the file away before it is met, and then cut the power, would have left
        nothing that tells of it: so what fails once is tried again.
        """
        if file := self.file(place):
            self.renamed += 1
            file.rename(f"{file}.{self.renamed}")
            day = Day(file.name.removesuffix(".log"))
            at = NOON if day == TODAY else NOON - DAY
            writing = entry(at=at)
            [first] = self.store.append_batch([writing])
            again = [] if isinstance(first, Appended) else self.store.append_batch([writing])
            if not all(isinstance(outcome, Appended) for outcome in again):
                self.edited |= {one for one, each in self.stored.items() if each.day == day}

    @rule(place=PLACES)
    def move_away(self, place: int) -> None:
        """An archive, or a renamed file."""
        found = sorted([*self.diary.glob("*.log.[0-9]*"), *self.diary.glob("archive/*")])
        if found:
            file = found[place % len(found)]
            _synced(file.parent, self.disk)
            file.rename(self.home / file.name)
            _synced(file.parent, self.disk)

    @rule(place=PLACES)
    def move_back(self, place: int) -> None:
        """To where it was."""
        found = sorted(each for each in self.home.iterdir() if each.is_file())
        if found:
            file = found[place % len(found)]
            folder = self.diary / "archive" if file.name.endswith(".log") else self.diary
            if folder.is_dir():
                moved = file.rename(folder / file.name)
                _synced(moved, self.disk)
                _synced(folder, self.disk)

    @rule()
    def copy_ledger(self) -> None:
        """As it is just now."""
        self.ledgers.append((self.data / LEDGER).read_bytes())

    @rule(place=PLACES, killed=st.booleans())
    def put_an_older_ledger_back(self, place: int, *, killed: bool) -> None:
        """Without a server, some time after it kept house; what no file proves is new again."""
        self.disk.fails_in = 0
        note(self.known, self.store.ledger)
        if killed:
            self.die()
        else:
            self.stack.close()
        (self.data / LEDGER).write_bytes(self.ledgers[place % len(self.ledgers)])
        self.open()
        everything = b"".join(path.read_bytes() for path in self.diary.rglob("*.log*"))
        self.edited |= {one for one in self.stored if one.hex().encode() not in everything}
        for rid, (_, name) in list(self.clears.items()):
            if not (self.diary / "archive" / name).exists():
                del self.clears[rid]
        for day in (TODAY, Day("2026-11-21")):
            with suppress(RefusedError):
                self.store.read(ALICE, day, 0, 0, 1)  # which meets what lies there now

    @rule(place=PLACES, how=st.sampled_from(["drop", "add", "change", "sort"]), anew=st.booleans())
    def edit(self, place: int, how: str, *, anew: bool) -> None:
        """With an editor that writes the file again, or one that writes it `anew` beside it."""
        if file := self.file(place):
            lines = file.read_bytes().splitlines(keepends=True)
            edited = b"".join(_EDITS[how](lines))
            if how != "add":
                day = file.name.removesuffix(".log")
                self.edited |= {one for one, each in self.stored.items() if each.day == day}
            if anew:
                file.with_name("other").write_bytes(edited)
                file.with_name("other").rename(file)
            else:
                file.write_bytes(edited)

    @rule()
    def repair(self) -> None:
        """Between two runs: what is mended stands under a generation of its own."""
        self.close()
        list(repair(self.data, lambda: _replay(self.data)))
        self.open()

    @rule()
    def restore(self) -> None:
        """From a backup, over a folder that is away: every place is a new one."""
        self.disk.fails_in = 0
        self.store.settle()
        self.close()
        back_up(self.data, self.home / "backup", lambda: None, NOON, with_keys=False)
        shutil.rmtree(self.data)
        keys = Keys(fresh=True)
        restore(self.home / "backup", self.data, keys, os.urandom, NOON, accept=True)
        shutil.rmtree(self.home / "backup")
        self.open()

    @rule()
    def purge(self) -> None:
        """The user is removed, and another one gets the name."""
        self.disk.fails_in = 0
        self.store.retire(ALICE, _UID)
        self.store.purge(ALICE, _UID)
        self.stored.clear()
        self.edited.clear()
        self.clears.clear()
        assert self.rows() == ()

    def file(self, place: int) -> Path | None:
        """Give the file of a day."""
        found = sorted(self.diary.glob("????-??-??.log"))
        return found[place % len(found)] if found else None

    # What fails

    @property
    def is_well(self) -> bool:
        """Whether nothing is about to fail."""
        return not self.disk.fails_in

    def open(self) -> None:
        """Start."""
        self.disk = _FailingDisk(self.data)
        self.stack = ExitStack()
        self.store: FileEntryStore = self.stack.enter_context(
            open_entries(self.data, disk=self.disk, cache=DayCache(**CACHES[self.cache]))
        )
        accounts = open_database(self.home / "accounts" / ACCOUNTS)
        self.known = KnownLedger(Connection(self.stack.enter_context(closing(accounts))))
        match(self.known, self.store.ledger, os.urandom)
        note(self.known, self.store.ledger)

    def close(self) -> None:
        """End in order."""
        self.disk.fails_in = 0
        self.stack.close()

    def die(self) -> None:
        """Be killed: nothing that is done from now on reaches the disk."""
        self.disk.fails_in = 0
        self.disk.cut()
        with suppress(PowerCutError):
            self.stack.close()

    @rule(cache=st.sampled_from(sorted(CACHES)))
    def restart(self, cache: str) -> None:
        """In order."""
        self.cache = cache
        self.close()
        self.open()

    @rule()
    def checkpoint(self) -> None:
        """Housekeeping."""
        self.store.checkpoint()
        note(self.known, self.store.ledger)

    @rule()
    def kill(self) -> None:
        """The kernel goes on, the process does not."""
        self.die()
        self.open()

    @rule(survival=st.sampled_from([only_what_was_synced, torn, with_a_hole]))
    def lose_power(self, survival: Survival) -> None:
        """Nothing goes on."""
        self.die()
        self.disk.lose(survival)
        self.open()

    @rule(calls=st.integers(1, 12), error=st.sampled_from([errno.EIO, errno.ENOSPC]))
    def let_the_disk_fail_once(self, calls: int, error: int) -> None:
        """Soon."""
        self.disk.fails_in, self.disk.error = calls, error

    # What holds

    @invariant()
    def no_place_means_two_things(self) -> None:
        """What was once read of a generation stays where it was."""
        for row, text in self.days():
            assert text.startswith(self.read.get((row.day, row.generation), b"")), row
            self.read[row.day, row.generation] = text

    @invariant()
    def nothing_is_lost(self) -> None:
        """What was acknowledged is in some file, whole."""
        files = [path for path in self.home.rglob("*.log*") if path.is_file()]
        everything = b"".join([*(text for _, text in self.days()), *map(Path.read_bytes, files)])
        for one, writing in self.stored.items():
            if one not in self.edited and writing.change is None:
                assert f" {one.hex()} + {writing.text}\n".encode() in everything

    def rows(self) -> tuple[DayRow, ...]:
        """Give what there is; nothing if the disk fails just now."""
        with suppress(StorageError):
            return self.store.list_days(ALICE, FIRST, LAST, 99).rows
        return ()

    def days(self) -> Iterator[tuple[DayRow, bytes]]:
        """Give what can be read."""
        for row in self.rows():
            with suppress(RefusedError):
                yield row, self.store.read(ALICE, row.day, row.generation, 0, EVERYTHING).data


_EDITS: Final[dict[str, Callable[[list[bytes]], list[bytes]]]] = {
    "drop": lambda lines: lines[1:],
    "add": lambda lines: [*lines, b"a note\n"],
    "change": lambda lines: [each.replace(b"xxx", b"yyyy", 1) for each in lines],
    "sort": lambda lines: lines[::-1],
}


def _replay(data: Path) -> None:
    with open_entries(data) as entries:
        entries.settle()


def _synced(path: Path, disk: _FailingDisk) -> None:
    fails_in, disk.fails_in = disk.fails_in, 0
    descriptor = os.open(path, os.O_RDONLY)
    (disk.sync_folder if path.is_dir() else disk.sync)(descriptor)
    os.close(descriptor)
    disk.fails_in = fails_in


TestForEver = ForEver.TestCase
TestForEver.settings = settings(max_examples=EXAMPLES, stateful_step_count=20)
