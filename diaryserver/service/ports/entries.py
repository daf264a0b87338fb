"""The port to what keeps the diaries.

The contract of `EntryStore` is meant for several stores (day files now, a database later):

- Return from `append_batch` means durable. Per user the order of a batch is kept.
- The same (user, day, id) again gives the original answer, marked duplicate, for ever: also after
  clear, restart, or years, and whatever became of the entry since. Other content under the id is a
  ConflictError; entries and changes share the ids of a day.
- A change acts on the entry as it stands when its turn in the batch has come: NotFoundError if the
  day has no such entry, or nothing is there to change, StaleError if `base` is not its version.
  BusyError is allowed for an entry of the same batch. Nothing is rewritten: reads give the entry's
  record and, behind it, those of its changes.
- No diary grows beyond its Quotas; what would do so is a QuotaError, certain, and nothing of it is
  stored. What is stored already is answered as ever, however full the diary is. Nothing but `clear`
  makes a diary have fewer entries, and nothing of these methods makes it have fewer bytes, since
  nothing is destroyed.
- A row whose token has ended meanwhile, or whose user is gone, is a TokenRevokedError, and nothing
  of it is stored. For a store that keeps no tokens, the committer asks right before the append.
- A StorageError means that the outcome is unknown: the caller retries the same id.
- Nobody relies on an order between a read and an append that is not answered yet: a store may let
  reads run beside an append that waits.
- Methods are synchronous and are called from one thread at a time.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, TypeAlias

from protocol.dayfile import Amended, Removed, Restored, Written
from protocol.errors import BusyError, RefusedError
from protocol.identifiers import Day, EntryId, Username
from protocol.messages.archive import ArchiveList
from protocol.messages.diary import Chunk, DayList
from protocol.messages.following import Tailed
from protocol.messages.usage import Used
from protocol.stamp import Stamp


class Writing(NamedTuple):
    """A row of a batch: an entry to store in `day`, or a change of one that stands there.

    `kid` names the token that it came under, empty for plain text. Of an entry: `received` is ms
    since the epoch, `via` "" or "legacy". Of a change: `change` says what is done, its stamp having
    the moment when it was received; `base` is the version that it is made to
    (`messages.changes.version_of`). A tuple, since one is made for each entry, and a frozen
    dataclass takes four times as long.
    """

    user: Username
    day: Day
    id: EntryId
    stamp: Stamp
    text: str = ""
    starred: bool = False
    received: int = 0
    via: str = ""
    change: Amended | Removed | Restored | None = None
    base: bytes = b""
    kid: bytes = b""

    def __repr__(self) -> str:
        """Show no diary text."""
        return f"Writing({self.user}, {self.id.hex()})"


def new_entry(  # noqa: PLR0913 - an entry has so many properties
    user: Username,
    entry_id: EntryId,
    stamp: Stamp,
    text: str,
    starred: bool,  # noqa: FBT001 - the order of a row
    received: int,
    via: str = "",
    kid: bytes = b"",
) -> Writing:
    """Give the row of an entry; its stamp decides the day."""
    return Writing(user, stamp.day, entry_id, stamp, text, starred, received, via, kid=kid)


def new_change(
    user: Username,
    day: Day,
    base: bytes,
    change: Amended | Removed | Restored,
    kid: bytes = b"",
) -> Writing:
    """Give the row of a change to an entry of `day`."""
    return Writing(user, day, change.id, change.stamp, change=change, base=base, kid=kid)


@dataclass(frozen=True, slots=True)
class Appended:
    """The entry or change is durable under `day`; `duplicate`: it was before this append."""

    day: Day
    duplicate: bool


Outcome: TypeAlias = Appended | RefusedError


class UnfinishedError(BusyError):
    """Enough was looked into for this turn; the same call again goes on with what was found."""


@dataclass(frozen=True, slots=True)
class WordQuery:
    """What to search for: all the words, parted by white space, in the days `first` to `last`."""

    words: str = field(repr=False)
    first: Day
    last: Day


@dataclass(frozen=True, slots=True)
class Matches:
    """Entries as they stand now, and where to go on; an empty `cursor`: that was all."""

    entries: tuple[Written, ...]
    cursor: bytes


class EntryStore(Protocol):
    """Keeps diaries, within the Quotas that it is opened with."""

    def bounded(self, may_look: Callable[[], bool]) -> AbstractContextManager[None]:
        """Look into files, meanwhile, only as long as `may_look` says so.

        It is asked in between, so that others wait for one piece of work more at most. Where it
        says no, `append_batch` has UnfinishedError as the outcome of each writing that was not
        decided, and of whatever stands behind one for the same user and day; nothing of these is
        stored. Other methods raise it, having changed nothing, or give less than they could.
        """

    def append_batch(self, batch: Sequence[Writing]) -> list[Outcome]:
        """Store entries and changes durably, one outcome each; raises nothing for a single one."""

    def catch_up(self) -> None:
        """Show outside the store, to `cat` say, all that is durable; its own methods show it."""

    def list_days(self, user: Username, first: Day, last: Day, limit: int) -> DayList:
        """Give the first `limit` days that have a file, in order, `first` and `last` included."""

    def create_day(self, user: Username, day: Day) -> None:
        """Give a day an empty file, durably, unless it has one; raise StorageError."""

    def read(self, user: Username, day: Day, generation: int, offset: int, limit: int) -> Chunk:
        """Give at most `limit` raw bytes; raise NotFoundError, StaleError or StorageError."""

    def search(self, user: Username, query: WordQuery, cursor: bytes, limit: int) -> Matches:
        """Give the next matches, in the order of the days, and of a day's writing within it.

        As many whole entries as have `limit` bytes in a day file's form, or one alone that has
        more; none, though there are some behind, when enough was looked through for one request. A
        cursor holds over appends, changes and clears. What matches all the time from the first
        request to the last is given once. Texts and words are compared in the form that
        `protocol.caseless` gives. Raise InvalidRequestError for a cursor that this store never
        gave, or StorageError.
        """

    def tail(self, user: Username, cursor: bytes, limit: int) -> Tailed:
        """Give at most `limit` days that were changed since `cursor`, as `list_days` would now.

        Changed by `append_batch`, `clear`, or whatever else makes a day longer or begin anew. Each
        is given once, however often it was changed, the longest ago first, and may be given without
        need; without a file any more, it has the generation of the next one and size 0. An empty
        cursor begins now: every later change is given, whatever is listed or read meanwhile. A
        cursor holds over appends, changes and clears, and may be given again. A store may forget
        what was changed, over a restart or any time: then, and for a cursor it never gave, the
        answer is `lost`, with a cursor that begins now. Raise StorageError.
        """

    def usage(self, user: Username, day: Day) -> Used:
        """Give what the diary and the day take up, and what they may, as it travels.

        Raise StorageError, or BusyError when enough was looked at for one call: the next goes on.
        """

    def clear(self, user: Username, day: Day, generation: int, rid: EntryId) -> str:
        """Set a day aside and give the archive's name; the same `rid` again gives the same name.

        Raise NotFoundError, StaleError or StorageError.
        """

    def list_archives(self, user: Username, after: str, limit: int) -> ArchiveList:
        """Give at most `limit` cleared days, by day, then in the order of clearing.

        Those behind the name `after`, empty for all. Fewer than there are, with `more`, also when
        enough was looked at for one request. Raise InvalidRequestError for a name that this store
        never gave, or StorageError.
        """

    def recover(self, user: Username, day: Day, generation: int, name: str) -> int:
        """Bring a cleared day back, durably, and give how many entries it has.

        What the day lacks of its records is added, in their order and under their own ids; the
        archive stays. So doing it again adds nothing. Raise StaleError if `generation` is not the
        day's now, NotFoundError if no archive of the day has this name, QuotaError or StorageError.
        """

    def checkpoint(self) -> None:
        """Bound what a crash leaves to be done again; called every 30 s, harmless at any time."""

    def retire(self, user: Username, uid: bytes) -> str:
        """Move a whole diary aside, durably, and give its new place; "" if there was none."""

    def purge(self, user: Username, uid: bytes) -> None:
        """Delete a whole diary for good, durably, with what `retire` moved aside of this uid."""
