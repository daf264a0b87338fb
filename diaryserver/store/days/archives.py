"""Cleared days: what their files' names say, and what the day's own file lacks of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from diaryserver.store.days.daystate import DayState, entry_ids
from diaryserver.store.disk.user_folder import ARCHIVE, DAY_SUFFIX, UserFolder, archived_file
from protocol.errors import InvalidRequestError, MalformedError
from protocol.identifiers import MAX_MILLISECONDS, Day, EntryId
from protocol.messages.archive import ArchiveList, ArchiveRow

LOOK_BYTES: Final = 2**20
"""Of archives a request: their entries are counted on the thread that stores what is written."""


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
    folder: UserFolder, state: Callable[[Day], DayState], after: str, limit: int
) -> ArchiveList:
    """Give at most `limit` rows behind the name `after`, fewer where archives are large.

    Raise InvalidRequestError for a name that no archive can have, or OSError.
    """
    start = archived_of(after) if after else None
    if after and start is None:
        raise InvalidRequestError("no archive has such a name")
    found = sorted(each for name in folder.archive_names() if (each := archived_of(name)))
    rows: list[ArchiveRow] = []
    looked_at = 0
    left = iter([each for each in found if start is None or each > start])
    for archived in left:
        is_over = rows and not folder.looking.may_go_on()
        if len(rows) == limit or looked_at > LOOK_BYTES or is_over:
            return ArchiveList(tuple(rows), more=True)
        for data in _data(folder, archived):
            looked_at += len(data)
            rows.append(_row(folder, archived, state(archived.day), data))
    return ArchiveList(tuple(rows), more=False)


def _data(folder: UserFolder, archived: Archived) -> Iterator[bytes]:
    try:
        yield folder.read_file(archived.name, ARCHIVE)
    except FileNotFoundError:
        return  # somebody moved it just now


def _row(folder: UserFolder, archived: Archived, state: DayState, data: bytes) -> ArchiveRow:
    ids = set(entry_ids(data))
    return ArchiveRow(
        name=archived.name,
        day=archived.day,
        generation=state.generation,
        cleared=archived.cleared,
        entries=len(ids),
        absent=_absent(folder, archived.day, state, ids),
    )


def _absent(folder: UserFolder, day: Day, state: DayState, ids: set[bytes]) -> int:
    """Give how many of the ids the day's own file lacks."""
    found = [state.records.find(each) for each in ids]
    if None not in found:
        return found.count(False)
    try:
        return len(ids.difference(entry_ids(folder.read_day(day).text)))
    except FileNotFoundError:
        return len(ids)  # somebody moved it just now
