"""The ports: what the service needs from clocks, entry stores and account stores, and no more.

The contract of `EntryStore` is meant for several stores (day files now, a database later):

- Return from `append_batch` means durable. Per user the order of a batch is kept.
- The same (user, day, id) again gives the original answer, marked duplicate, for ever: also after
  clear, restart, or years, and whatever became of the entry since. Other content under the id is a
  ConflictError; entries and changes share the ids of a day.
- A change acts on the entry as it stands when its turn in the batch has come: NotFoundError if the
  day has no such entry, or nothing is there to change, StaleError if `base` is not its version.
  BusyError is allowed for an entry of the same batch. Nothing is rewritten: reads give the entry's
  record and, behind it, those of its changes.
- No diary grows beyond its Limits; what would do so is a QuotaError, certain, and nothing of it is
  stored. What is stored already is answered as ever, however full the diary is. Nothing but `clear`
  makes a diary have fewer entries, and nothing of these methods makes it have fewer bytes, since
  nothing is destroyed.
- A StorageError means that the outcome is unknown: the caller retries the same id.
- Methods are synchronous and are called from one thread at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol, TypeAlias

from protocol.dayfile import Amended, Removed, Restored, Written
from protocol.errors import RefusedError
from protocol.identifiers import Day, EntryId, Username
from protocol.invite import InviteEnd
from protocol.messages.archive import ArchiveList
from protocol.messages.diary import Chunk, DayList
from protocol.messages.following import Tailed
from protocol.messages.usage import Used
from protocol.stamp import Stamp

UNUSED_LIFE_MILLISECONDS: Final = 600_000
"""A client uses its token within seconds of the GRANT; one that nobody has must not linger."""


class Clock(Protocol):
    """Time, as an argument."""

    def now(self) -> int:
        """Give ms since the epoch."""

    def monotonic(self) -> float:
        """Give seconds that never step back."""

    def local_offset(self, moment: int) -> int:
        """Give this machine's zone at `moment` (ms since the epoch), in minutes east of UTC."""


class Append(NamedTuple):
    """An entry to store; `received` is ms since the epoch, `via` is "" or "legacy".

    A tuple, since one is made for each entry, and a frozen dataclass takes four times as long.
    """

    user: Username
    id: EntryId
    stamp: Stamp
    text: str
    starred: bool
    received: int
    via: str = ""

    def __repr__(self) -> str:
        """Show no diary text."""
        return f"Append({self.user}, {self.id.hex()})"

    @property
    def day(self) -> Day:
        """The day it goes to."""
        return self.stamp.day


@dataclass(frozen=True, slots=True)
class Alteration:
    """A change to make to an entry of `day`, if `base` is its version (`messages.version_of`).

    The stamp of `change` has the moment when it was received.
    """

    user: Username
    day: Day
    base: bytes
    change: Amended | Removed | Restored = field(repr=False)

    @property
    def id(self) -> EntryId:
        """The change's own id."""
        return self.change.id


Writing: TypeAlias = Append | Alteration


@dataclass(frozen=True, slots=True)
class Appended:
    """The entry or change is durable under `day`; `duplicate`: it was before this append."""

    day: Day
    duplicate: bool


Outcome: TypeAlias = Appended | RefusedError


@dataclass(frozen=True, slots=True)
class Query:
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
    """Keeps diaries, within the Limits that it is opened with."""

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

    def search(self, user: Username, query: Query, cursor: bytes, limit: int) -> Matches:
        """Give the next matches, in the order of the days, and of a day's writing within it.

        As many whole entries as have `limit` bytes in a day file's form, or one alone that has
        more; none, though there are some behind, when enough was looked through for one request. A
        cursor holds over appends, changes and clears. What matches all the time from the first
        request to the last is given once. Case is folded (`str.casefold`), nothing else. Raise
        InvalidRequestError for a cursor that this store never gave, or StorageError.
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


@dataclass(frozen=True, slots=True)
class Generation:
    """A master key: its number, when it was made, and when it is destroyed (ms; 0: not yet)."""

    number: int
    created: int
    retires: int


@dataclass(frozen=True, slots=True)
class User:
    """A person with a diary; `uid` (16 bytes) never changes and is never used again."""

    uid: bytes
    name: Username
    created: int
    has_password: bool
    is_disabled: bool = False


@dataclass(frozen=True, slots=True)
class Token:
    """A login; times in ms since the epoch, `expires` 0: never, `used` 0: not yet.

    `generation` names the master key that its root is derived from, `id` its line: the key id of
    the first token of it. `authenticated` is when somebody last gave a password or an invite for
    it, `life` the ms that it was wanted for (0: for ever), `fixed`: it is never renewed. Unused, it
    dies at `deadline` (0: no need to hurry). `predecessor` is the key id that it was made to
    replace ("": none), `superseded` when a successor of it was first used (0: none was). `minted`:
    another token began its line, and nobody has given the password for it since.
    """

    kid: bytes
    uid: bytes
    user: Username
    salt: bytes = field(repr=False)
    generation: int
    suite: int
    scopes: str
    label: str
    created: int
    expires: int
    used: int
    revoked: int
    id: bytes
    authenticated: int
    life: int
    fixed: bool
    deadline: int
    predecessor: bytes
    superseded: int
    minted: bool = False

    def is_live(self, now: int) -> bool:
        """Tell whether somebody can use it."""
        is_over = self.revoked or 0 < self.expires <= now
        return not is_over and not self.is_abandoned(now)

    def is_abandoned(self, now: int) -> bool:
        """Tell whether nobody used it in time: its GRANT was lost."""
        return not self.used and 0 < self.deadline < now


class Use(NamedTuple):
    """When (ms since the epoch) and from which IP address a token was used last."""

    moment: int
    address: str


@dataclass(frozen=True, slots=True)
class Change:
    """A request that changes tokens, known by its id: whose, what (a digest), when it is made.

    A repetition has the same `uid`, `rid` and `request`.
    """

    uid: bytes
    rid: EntryId
    request: bytes
    made: int


@dataclass(frozen=True, slots=True)
class Minted:
    """A log-in's token is kept; `ended` is of the line that made room for it, if one did."""

    ended: Token | None = None


class PasswordHasher(Protocol):
    """Hashes passwords; each call takes about 40 ms of a core and no lock."""

    def hash(self, password: str) -> str:
        """Give a salted hash that holds its own parameters."""

    def is_password(self, hashed: str, password: str) -> bool:
        """Check a password; takes the same time for any `hashed` of ours."""


class AccountStore(Protocol):
    """Keeps users, invites and tokens.

    All but `token`, `root`, `generation`, `has_user` and `touch` may wait for the disk, and are
    called from one thread at a time. A change is durable when its method returns, or not made.
    What keeps a new token raises BusyError if its generation is no longer the current one.
    """

    def token(self, kid: bytes) -> Token | None:
        """Look a token up in memory, so that a flood of unknown ones never touches a disk."""

    def root(self, token: Token) -> bytes:
        """Derive the token's 32-byte root key.

        Raise KeyError if the master key of its generation is destroyed: housekeeping does that in
        a thread of its own, so also between `token` and this.
        """

    def generation(self) -> int:
        """Give the number of the master key that new tokens are made with."""

    def touch(self, kid: bytes, use: Use) -> None:
        """Note in memory that a token is used; the last note of each counts."""

    def has_user(self, name: Username) -> bool:
        """Tell, from memory, whether there is a user of that name who is not disabled."""

    def find_user(self, name: Username) -> User | None:
        """Give the user of that name, unless removed."""

    def list_users(self) -> list[User]:
        """Give all users, by name."""

    def list_tokens(self, user: User) -> list[Token]:
        """Give the user's tokens, oldest first, ended ones too until they are swept."""

    def add_user(self, name: Username, now: int) -> User:
        """Create a user without a password; raise UsageError if the name is taken."""

    def remove_user(self, user: User, now: int) -> None:
        """Remove a user and revoke the tokens; the name is free again, the uid never."""

    def password_hash(self, user: User | None) -> str:
        """Give the hash to check a password against; a decoy if user or password do not exist."""

    def set_password_hash(self, user: User, hashed: str) -> None:
        """Keep a password's hash."""

    def set_password(self, user: User, hashed: str, now: int, *, keep: bool) -> int:
        """Keep another password's hash; unless `keep`, end all tokens and give how many lived."""

    def disable_user(self, user: User, now: int) -> int:
        """Let a user log in no more, and end all tokens; give how many lived."""

    def enable_user(self, user: User) -> None:
        """Let a user log in again."""

    def invite(self, user: User, expires: int) -> bytes:
        """Keep (hashed) and give a fresh 16-byte code, which replaces an earlier one."""

    def is_invite(self, user: User | None, code: bytes, now: int) -> bool:
        """Tell whether the code would be accepted now; changes nothing."""

    def end_of_invite(self, user: User | None, code: bytes) -> InviteEnd | None:
        """Tell how an invite that is not good ended; None if the code is no invite of theirs.

        It is told for 30 days, of the last eight; to nobody while the user is disabled.
        """

    def mint(
        self, token: Token, invite: bytes, hashed: str, change: Change | None = None
    ) -> Minted | None:
        """Keep a log-in's token; with an invite, use it up and set the hash in one transaction.

        An invite for somebody who had a password ends all tokens there were; without one, a 65th
        line ends another (`tokens.pushed_out`). `change` names the LOGIN for `granted_before`. Give
        None, keeping nothing, if the user or the invite is gone meanwhile; raise ConflictError if
        `change` was made before.
        """

    def granted_before(self, change: Change) -> Token | None:
        """Give the token that `mint` or `change_password` kept with the same `change`.

        None if there is none, if it was used, has ended, or is older than ten minutes.
        """

    def minted_by(self, change: Change) -> Token | None:
        """Give the token that this request made before, None if it is new.

        Raise ConflictError if another request was made under the same id.
        """

    def mint_further(self, token: Token, parent: Token, change: Change) -> None:
        """Keep a token that another one began by a new request.

        Raise TokenRevokedError if `parent` has ended meanwhile, QuotaError at the 65th line.
        """

    def replace(self, successor: Token) -> None:
        """Keep a token's successor; raise TokenRevokedError if its predecessor has ended."""

    def change_password(
        self, successor: Token, hashed: str, *, keep: bool, change: Change | None = None
    ) -> None:
        """Keep a password's hash and a token's successor; unless `keep`, end all other tokens.

        `change` names the LOGIN for `granted_before`. Raise TokenRevokedError if its predecessor
        has ended, ConflictError if `change` was made before.
        """

    def revoke(self, user: User, name: bytes, change: Change) -> int:
        """End the line with the id `name`, or of the token with that key id; give how many lived.

        A repetition gives the same number. Raise NotFoundError if the user has no such line,
        ConflictError if another request was made under the same id.
        """

    def mark_used(self, token: Token, now: int) -> None:
        """Keep that the token was used: it outlives its deadline, and its predecessor ends soon."""

    def last_use(self, token: Token) -> Use:
        """Give the last use that was noted; the moment 0 for a token that was never used."""

    def keep_uses(self) -> None:
        """Make the notes of `touch` durable."""

    def sweep(self, now: int) -> None:
        """Erase what time has ended: tokens unused in time, old invites and remembered changes.

        Ended tokens are erased 30 days after their end.
        """
