"""Cleared days: what their files' names say, and what the day's own file lacks of them."""

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Final

from diaryserver.service.ports.entries import UnfinishedError
from diaryserver.store.days.daystate import DayState, entry_ids
from diaryserver.store.days.pieces import parts_of
from diaryserver.store.disk.looking import Pieces
from diaryserver.store.disk.user_folder import ARCHIVE, DAY_SUFFIX, UserFolder, archived_file
from protocol.errors import InvalidRequestError, MalformedError
from protocol.identifiers import MAX_MILLISECONDS, Day, EntryId
from protocol.messages.archive import ArchiveList, ArchiveRow

LOOK_BYTES: Final = 2**20
"""Of archives a request: their entries are counted on the thread that stores what is written."""

FOUND_AT_ONCE: Final = 1_024
"""Ids that are looked for among those known by heart: half a millisecond."""


@dataclass(frozen=True, slots=True, order=True)
class Archived:
    """A cleared day: which one, which of its generations, the id of the request that cleared it."""

    day: Day
    generation: int
    rid: EntryId

    @property
    def name(self) -> str:
        """The name of its file."""
        return archived_file(self.day, self.generation, self.rid)

    @property
    def cleared(self) -> int:
        """When it was cleared, by the clock of who did it, in ms since the epoch; 0: unknown."""
        # The id is of the client's making: it may name a time that no calendar has.
        made = self.rid.milliseconds
        return made if made <= MAX_MILLISECONDS else 0


def archived_of(name: str) -> Archived | None:
    """Read the name of a cleared day's file."""
    try:
        day, generation, rid = name.removesuffix(DAY_SUFFIX).split(".")
        found = Archived(Day(day), int(generation), EntryId(bytes.fromhex(rid)))
    except (ValueError, MalformedError):
        return None
    return found if name == found.name else None


def list_archives(
    folder: UserFolder,
    again: Callable[[], AbstractContextManager[UserFolder]],
    state: Callable[[Day], DayState],
    after: str,
    limit: int,
) -> ArchiveList:
    """Give at most `limit` rows behind the name `after`, fewer where archives are large.

    `again` opens the folder for what goes on later. Raise InvalidRequestError for a name that no
    archive can have, UnfinishedError before the first row, or OSError.
    """
    start = archived_of(after) if after else None
    if after and start is None:
        raise InvalidRequestError("no archive has such a name")
    found = sorted(each for name in folder.archive_names() if (each := archived_of(name)))
    rows: list[ArchiveRow] = []
    looked_at = 0
    for archived in [each for each in found if start is None or each > start]:
        status = folder.status(archived.name, ARCHIVE)
        if status is None:
            continue  # somebody moved it just now
        if len(rows) == limit or looked_at > LOOK_BYTES:
            return ArchiveList(tuple(rows), more=True)
        looked_at += status.st_size
        try:
            day = state(archived.day)
            key = archived, status.st_ino, status.st_size, status.st_ctime_ns, day.mark()
            look = partial(_count, again, archived, day)
            entries, absent = folder.looking.finish(("row", folder.user, *key), look)
        except UnfinishedError:
            if rows:
                return ArchiveList(tuple(rows), more=True)
            raise
        rows.append(_row(archived, day, entries, absent))
    return ArchiveList(tuple(rows), more=False)


def _row(archived: Archived, state: DayState, entries: int, absent: int) -> ArchiveRow:
    return ArchiveRow(
        name=archived.name,
        day=archived.day,
        generation=state.generation,
        cleared=archived.cleared,
        entries=entries,
        absent=absent,
    )


def _count(
    again: Callable[[], AbstractContextManager[UserFolder]], archived: Archived, state: DayState
) -> Pieces[tuple[int, int]]:
    """Give how many entries an archive has, and how many of them the day's own file lacks."""
    data = b""
    with again() as folder, suppress(FileNotFoundError):  # somebody moved it just now
        data = folder.read_file(archived.name, ARCHIVE)
    yield
    ids: set[bytes] = set()
    for part in parts_of(data):
        ids.update(entry_ids(part))
        yield
    absent, unknown = 0, set[bytes]()
    each = iter(ids)
    while some := list(islice(each, FOUND_AT_ONCE)):
        found = [state.records.find(entry_id) for entry_id in some]
        absent += found.count(False)
        unknown.update(one for one, is_there in zip(some, found, strict=True) if is_there is None)
        yield
    if unknown:
        present = b""
        with again() as folder, suppress(FileNotFoundError):
            present = folder.read_day(archived.day).text
        yield
        for part in parts_of(present):
            unknown.difference_update(entry_ids(part))
            yield
    return len(ids), absent + len(unknown)
