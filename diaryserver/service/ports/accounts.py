"""The port to what keeps users, invites and tokens, and to what hashes passwords."""

from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

from protocol.identifiers import EntryId, Username
from protocol.invite import InviteEnd

UNUSED_LIFE_MILLISECONDS: Final = 600_000
"""A client uses its token within seconds of the GRANT; one that nobody has must not linger."""


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
class TokenChange:
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

    All but `token`, `root`, `generation`, `has_user`, `may_write` and `touch` may wait for the
    disk, and are called from one thread at a time. A change is durable when its method returns, or
    not made. What keeps a new token raises BusyError if its generation is no longer current.
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

    def list_generations(self) -> list[Generation]:
        """Give the generations of the master key, the oldest first, the last one current."""

    def rotate(self, now: int, deadline: int) -> Generation:
        """Make a new generation, durably; tokens of older ones end at `deadline` (ms) or before."""

    def touch(self, kid: bytes, use: Use) -> None:
        """Note in memory that a token is used; the last note of each counts."""

    def has_user(self, name: Username) -> bool:
        """Tell, from memory, whether there is a user of that name who is not disabled."""

    def may_write(self, name: Username, kid: bytes) -> bool:
        """Tell the same, and that no revocation ended the token; `kid` is empty for plain text."""

    def find_user(self, name: Username) -> User | None:
        """Give the user of that name, unless removed."""

    def list_users(self) -> list[User]:
        """Give all users, by name."""

    def list_tokens(self, user: User) -> list[Token]:
        """Give the user's tokens, oldest first, ended ones too until they are swept."""

    def list_all_tokens(self) -> list[Token]:
        """Give everybody's tokens, ended ones too until they are swept."""

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
        self, token: Token, invite: bytes, hashed: str, change: TokenChange | None = None
    ) -> Minted | None:
        """Keep a log-in's token; with an invite, use it up and set the hash in one transaction.

        An invite for somebody who had a password ends all tokens there were; without one, a 65th
        line ends another (`token_life.pushed_out`). `change` names the LOGIN for `granted_before`.
        Give None, keeping nothing, if the user or the invite is gone meanwhile; raise ConflictError
        if `change` was made before.
        """

    def granted_before(self, change: TokenChange) -> Token | None:
        """Give the token that `mint` or `change_password` kept with the same `change`.

        None if there is none, if it was used, has ended, or is older than ten minutes.
        """

    def minted_by(self, change: TokenChange) -> Token | None:
        """Give the token that this request made before, None if it is new.

        Raise ConflictError if another request was made under the same id.
        """

    def mint_further(self, token: Token, parent: Token, change: TokenChange) -> None:
        """Keep a token that another one began by a new request.

        Raise TokenRevokedError if `parent` has ended meanwhile, QuotaError at the 65th line.
        """

    def replace(self, successor: Token) -> None:
        """Keep a token's successor; raise TokenRevokedError if its predecessor has ended."""

    def change_password(
        self, successor: Token, hashed: str, *, keep: bool, change: TokenChange | None = None
    ) -> None:
        """Keep a password's hash and a token's successor; unless `keep`, end all other tokens.

        `change` names the LOGIN for `granted_before`. Raise TokenRevokedError if its predecessor
        has ended, ConflictError if `change` was made before.
        """

    def revoke(self, user: User, name: bytes, change: TokenChange) -> int:
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
