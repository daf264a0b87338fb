"""How much room diaries take up, and whether they may take more.

The bytes of a diary are those of all its files, cleared days, renamed files and quarantine
included, in whole blocks, as `du` counts; its entries are those in its day files. A compressed day
counts as the plain one that every change of it makes it again.

Rules: a diary is looked at when it is first written, and known by heart from then on; what changes
it by another way than an append tells so here, or has it looked at again. The sizes of its files
are enough for nearly every diary, since no file holds an entry for every 64 bytes. Only where they
leave the question open are entries counted, a part at a time.
"""

from collections import Counter, OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from typing import Final

from diaryserver.service.ports.entries import UnfinishedError
from diaryserver.service.quotas import Quotas
from diaryserver.store.days.daystate import count_entries
from diaryserver.store.disk.diary_folders import DiaryFolders
from diaryserver.store.disk.user_folder import ARCHIVE, QUARANTINE, UserFolder, day_file
from diaryserver.store.journal.writer import JournaledWriter
from protocol.amounts import format_bytes, format_entries
from protocol.errors import BusyError, QuotaError, RefusedError
from protocol.identifiers import FIRST_DAY, LAST_DAY, Day, Username

BLOCK_BYTES: Final = 4096
"""What most file systems give a file at a time: tiny files fill a disk as well."""

_ROUND: Final = BLOCK_BYTES - 1

SHORTEST_ENTRY: Final = 64
"""Moment, id and sign alone have more bytes."""

MAX_KNOWN: Final = 20_000
"""Diaries, some 250 bytes each; which is known the longest is forgotten, and looked at again when
it is written, 5 us a file."""

COUNTED_AT_ONCE: Final = 2**20
"""Of files in whole blocks: 6 ms of the thread that stores what is written, for 256 small ones."""

COUNTED_TO_APPEND: Final = 64 * 2**20
"""Some 200 ms, since what has to wait for a count is refused: only a diary that is large enough to
be near the limit has that, once after a start."""

MAX_COUNTING: Final = 200_000
"""Files that wait to be counted, of all diaries, some 30 MiB; the longest unasked are dropped."""


class DiaryRoom:
    """What a diary takes up; its `entries` may be fewer than that, unless it `is_counted`."""

    __slots__ = ("bytes", "entries", "is_counted", "limits")

    def __init__(self, limits: Quotas, size: int, entries: int) -> None:
        """It has `size` bytes, and at most so many entries."""
        self.limits = limits
        self.bytes = size
        self.entries = entries
        self.is_counted = not entries

    def take(self, size: int, entries: int, more: int, more_entries: int) -> bool:
        """Take room for more bytes and entries of a day that has `size` and `entries`, or none."""
        limits = self.limits
        if size + more > limits.day_bytes:
            return False
        # Most fit into the file's last block: this is done for every entry.
        grown = 0 if more <= -size & _ROUND else in_blocks(size + more) - in_blocks(size)
        if grown and self.bytes + grown > limits.bytes:
            return False
        if more_entries:
            counted = self.entries + more_entries
            if counted > limits.entries or entries + more_entries > limits.day_entries:
                return False
            self.entries = counted
        self.bytes += grown
        return True

    def refusal(
        self, day: Day, size: int, entries: int, more: int, more_entries: int
    ) -> RefusedError:
        """Tell why `take` took nothing; BusyError: the diary must be counted first."""
        limits = self.limits
        if size + more > limits.day_bytes:
            return _full_bytes(day, size, limits.day_bytes)
        grown = in_blocks(size + more) - in_blocks(size)
        if grown and self.bytes + grown > limits.bytes:
            return _full_bytes("the diary", self.bytes, limits.bytes)
        if entries + more_entries > limits.day_entries:
            return _full_entries(day, entries, limits.day_entries)
        if not self.is_counted:
            return BusyError("the entries of the diary are being counted")
        return _full_entries("the diary", self.entries, limits.entries)


@dataclass(slots=True)
class _Count:
    """Entries found so far, the files to look at, and the guess until then.

    Of each file its day, how far it went when the count began, and how far it was looked at.
    """

    found: int
    left: list[tuple[Day, int, int]]
    guess: int

    def go_on(self, folder: UserFolder, most: int) -> None:
        """Look at files of about `most` bytes; raise OSError."""
        looked_at = 0
        while self.left and looked_at < most:
            day, size, start = self.left[-1]
            try:
                part = folder.read_part(day, start, min(size - start, COUNTED_AT_ONCE))
            except FileNotFoundError:
                raise
            except OSError:
                part = b""  # what is broken there cannot be read, and keeps nothing else out
            whole = part.rfind(b"\n") + 1 or len(part)
            self.found += count_entries(part[:whole])
            self.left.pop()
            if whole and start + len(part) < size:
                self.left.append((day, size, start + whole))
            looked_at += in_blocks(max(1, len(part)))


class DiaryRooms:
    """The rooms of the diaries that were written lately; used by one thread."""

    def __init__(  # noqa: PLR0913 - what tests may bound
        self,
        folders: DiaryFolders,
        writer: JournaledWriter,
        limits: Quotas,
        max_known: int = MAX_KNOWN,
        counted_at_once: int = COUNTED_AT_ONCE,
        counted_to_append: int = COUNTED_TO_APPEND,
    ) -> None:
        """All diaries have the same limits; the others bound memory and the time of a call."""
        self._folders = folders
        self._writer = writer
        self._limits = limits
        self._max_known = max_known
        self._counted_at_once = counted_at_once
        self._counted_to_append = counted_to_append
        self._known: OrderedDict[Username, DiaryRoom] = OrderedDict()
        self._counts: OrderedDict[Username, _Count] = OrderedDict()

    def room(self, user: Username, more: int = 0) -> DiaryRoom:
        """Give the room of a diary as it is committed, of which `more` entries are wanted.

        If that may be too many, count on. Raise OSError, or UnfinishedError where that is not to be
        looked up now.
        """
        room = self._known.get(user) or self._look(user)
        if not room.is_counted and room.entries + more > self._limits.entries:
            self._count_to_append(user, room)
        return room

    def counted(self, user: Username) -> DiaryRoom:
        """Give the room with its entries counted; raise OSError, or BusyError: ask again."""
        room = self.room(user)
        if not room.is_counted:
            self._count(user, room, self._counted_at_once)
        if not room.is_counted:
            raise UnfinishedError("the entries of the diary are being counted")
        return room

    def note_cleared(self, user: Username, entries: int) -> None:
        """Say that a file with so many entries is no day's file any more."""
        self._counts.pop(user, None)
        room = self._known.get(user)
        if room is not None and room.is_counted:
            room.entries -= entries

    def forget(self, user: Username) -> None:
        """Have a diary looked at again: it changed by another way, or who knows."""
        self._known.pop(user, None)
        self._counts.pop(user, None)

    def _count_to_append(self, user: Username, room: DiaryRoom) -> None:
        looking = self._folders.looking
        if not looking.is_bounded:
            self._count(user, room, self._counted_to_append)
            return
        while not room.is_counted:
            looking.check()
            self._count(user, room, self._counted_at_once)

    def _look(self, user: Username) -> DiaryRoom:
        with suppress(FileNotFoundError), self._folders.user(user) as folder:
            self._folders.looking.check_small(user, "room", is_small=folder.is_small())
            self._folders.looking.count()
        waiting = {day_file(day): len(data) for day, data in self._waiting(user)}
        own, aside = Counter[str](), list[int]()
        with suppress(FileNotFoundError), self._folders.user(user) as folder:
            own.update(folder.text_sizes())
            aside += [*folder.sizes(ARCHIVE).values(), *folder.sizes(QUARANTINE).values()]
        own.update(waiting)
        size = sum(map(in_blocks, chain(own.values(), aside)))
        entries = sum(each // SHORTEST_ENTRY for each in own.values())
        room = self._known[user] = DiaryRoom(self._limits, size, entries)
        if len(self._known) > self._max_known:
            self._known.popitem(last=False)
        return room

    def _waiting(self, user: Username) -> list[tuple[Day, bytes]]:
        """Have the day files follow, and give the lines that could not."""
        self._writer.catch_up(user)
        days = self._writer.waiting_days(user)
        return [(day, self._writer.waiting(user, day)) for day in days]

    def _count(self, user: Username, room: DiaryRoom, size: int) -> None:
        count = self._counts.pop(user, None) or self._begin(user, room)
        try:
            with self._folders.user(user) as folder:
                count.go_on(folder, size)
        except FileNotFoundError:
            return  # moved away meanwhile: begun anew the next time
        if count.left:
            self._counts[user] = count
            self._drop_counts()
        else:
            # What was appended since the count began was added to the guess.
            room.entries += count.found - count.guess
            room.is_counted = True

    def _begin(self, user: Username, room: DiaryRoom) -> _Count:
        waiting = self._waiting(user)
        left = list[tuple[Day, int, int]]()
        with suppress(FileNotFoundError), self._folders.user(user) as folder:
            sizes = folder.text_sizes()
            left = [(day, sizes[day_file(day)], 0) for day in folder.days(FIRST_DAY, LAST_DAY)]
        return _Count(sum(count_entries(data) for _, data in waiting), left, room.entries)

    def _drop_counts(self) -> None:
        while len(self._counts) > 1 and self._files_to_count() > MAX_COUNTING:
            self._counts.popitem(last=False)

    def _files_to_count(self) -> int:
        return sum(len(count.left) for count in self._counts.values())


def in_blocks(size: int) -> int:
    """Give the bytes that a file of `size` bytes takes up."""
    return (size + _ROUND) & -BLOCK_BYTES


def _full_bytes(what: str, used: int, limit: int) -> QuotaError:
    return QuotaError(f"{what} is full: {format_bytes(used)} of {format_bytes(limit)}")


def _full_entries(what: str, used: int, limit: int) -> QuotaError:
    return QuotaError(f"{what} is full: {used:,} of {format_entries(limit)}")
