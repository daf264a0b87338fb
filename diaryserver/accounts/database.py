"""The account store on SQLite; implements `service.ports.accounts.AccountStore`.

Long, since it is one port: a few lines a method, on tables that have modules of their own.

Rules: every change is one transaction, durable when the method returns; tokens are also kept in
memory, changed only after their transaction, so that looking one up never touches the disk. What
the rules of tokens are is for `service.token_life` to say.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Final

from diaryserver.accounts.changetable import ChangeTable
from diaryserver.accounts.connection import Connection
from diaryserver.accounts.generations import Generations
from diaryserver.accounts.invitetable import InviteTable
from diaryserver.accounts.keyfiles import ServerKeys
from diaryserver.accounts.lastuses import LastUses
from diaryserver.accounts.tokentable import TokenTable
from diaryserver.accounts.usertable import UserTable
from diaryserver.service.ports.accounts import (
    UNUSED_LIFE_MILLISECONDS,
    Generation,
    Minted,
    Token,
    TokenChange,
    Use,
    User,
)
from diaryserver.service.token_life import (
    MAX_KEPT_TOKENS,
    MAX_LIVE_LINES,
    after_first_use,
    line_of,
    pushed_out,
    shown_tokens,
    superfluous,
)
from protocol.errors import (
    BusyError,
    ConflictError,
    NotFoundError,
    QuotaError,
    StorageError,
    TokenRevokedError,
    UsageError,
)
from protocol.identifiers import Username
from protocol.invite import CODE_BYTES, InviteEnd

UID_BYTES: Final = 16
SALT_LIFE_MILLISECONDS: Final = 30 * 86_400_000
"""So long EXPIRED and REVOKED can be signed, for people back from a long journey."""


class SqliteAccounts:
    """Users, invites and tokens."""

    def __init__(
        self,
        database: sqlite3.Connection,
        keys: ServerKeys,
        random_bytes: Callable[[int], bytes],
        decoy: str,
    ) -> None:
        """`decoy` is the hash of a password that nobody has, for users who have none."""
        self._connection = Connection(database)
        self._keys = keys
        self._random_bytes = random_bytes
        self._decoy = decoy
        self._tokens = TokenTable(self._connection)
        self._uses = LastUses(self._connection)
        self._changes = ChangeTable(self._connection)
        self._users = UserTable(self._connection)
        self._invites = InviteTable(self._connection)
        self._generations = Generations(self._connection, keys.masters)
        # The keys of a dictionary take half the room of a set's.
        self._names = dict.fromkeys(self._users.enabled_names())

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def token(self, kid: bytes) -> Token | None:
        """Look a token up in memory."""
        return self._tokens.get(kid)

    def root(self, token: Token) -> bytes:
        """Derive the token's root key."""
        return self._keys.root(token)

    def generation(self) -> int:
        """Give the number of the master key that new tokens are made with."""
        return self._generations.current

    def list_generations(self) -> list[Generation]:
        """Give the generations of the master key, the oldest first, the last one current."""
        return self._generations.listed()

    def rotate(self, now: int, deadline: int) -> Generation:
        """Make a new master key; tokens of older ones end at `deadline` (ms), or before."""
        number = self._generations.make_next()
        with self._transaction():
            self._generations.adopt(number, now, deadline)
            for token in self._tokens.all():
                if not token.revoked and not 0 < token.expires <= deadline:
                    self._tokens.update(replace(token, expires=deadline))
        self._generations.reload()
        return self._generations.listed()[-1]

    def touch(self, kid: bytes, use: Use) -> None:
        """Note in memory that a token is used."""
        self._uses.note(kid, use)

    def has_user(self, name: Username) -> bool:
        """Tell from memory whether there is a user of that name."""
        return name in self._names

    def may_write(self, name: Username, kid: bytes) -> bool:
        """Tell the same, and that no revocation ended the token."""
        token = self._tokens.get(kid) if kid else None
        return self.has_user(name) and (not kid or (token is not None and not token.revoked))

    def find_user(self, name: Username) -> User | None:
        """Give the user of that name, unless removed."""
        return next(self._users.all(name), None)

    def list_users(self) -> list[User]:
        """Give all users, by name."""
        return list(self._users.all())

    def list_tokens(self, user: User) -> list[Token]:
        """Give the user's tokens, oldest first."""
        return self._tokens.of(user.uid)

    def list_all_tokens(self) -> list[Token]:
        """Give everybody's tokens."""
        return list(self._tokens.all())

    def last_use(self, token: Token) -> Use:
        """Give the last use that was noted."""
        return self._uses.of(token.kid)

    def keep_uses(self) -> None:
        """Make the notes of `touch` durable."""
        self._uses.keep()

    def add_user(self, name: Username, now: int) -> User:
        """Create a user without a password; raise UsageError if the name is taken."""
        uid = self._random_bytes(UID_BYTES)
        try:
            with self._transaction():
                self._users.insert(uid, name, now)
        except sqlite3.IntegrityError:
            raise UsageError(f"there is a user {name} already") from None
        self._names[str(name)] = None
        return User(uid, name, now, has_password=False)

    def remove_user(self, user: User, now: int) -> None:
        """Remove a user, the password and any invite, and revoke the tokens."""
        with self._transaction():
            self._revoke(self._tokens.of(user.uid), now)
            self._invites.forget(user.uid)
            self._users.remove(user.uid, now)
        self._names.pop(user.name, None)

    def password_hash(self, user: User | None) -> str:
        """Give the hash to check against, or the decoy."""
        return self._users.password(user.uid if user else bytes(UID_BYTES)) or self._decoy

    def set_password_hash(self, user: User, hashed: str) -> None:
        """Keep a password's hash."""
        with self._transaction():
            self._users.set_password(user.uid, hashed)

    def set_password(self, user: User, hashed: str, now: int, *, keep: bool) -> int:
        """Keep another password's hash; unless `keep`, end all tokens and give how many lived."""
        tokens = [] if keep else self._tokens.of(user.uid)
        with self._transaction():
            self._users.set_password(user.uid, hashed)
            self._revoke(tokens, now)
        return len(shown_tokens(tokens, now))

    def disable_user(self, user: User, now: int) -> int:
        """Let a user log in no more, and end all tokens; give how many lived."""
        tokens = self._tokens.of(user.uid)
        with self._transaction():
            self._invites.withdraw(user.uid)
            self._users.disable(user.uid, now)
            self._revoke(tokens, now)
        self._names.pop(user.name, None)
        return len(shown_tokens(tokens, now))

    def enable_user(self, user: User) -> None:
        """Let a user log in again."""
        with self._transaction():
            self._users.enable(user.uid)
        self._names[str(user.name)] = None

    def invite(self, user: User, expires: int) -> bytes:
        """Keep (hashed) and give a fresh code; an earlier one is void."""
        code = self._random_bytes(CODE_BYTES)
        with self._transaction():
            self._invites.keep(user.uid, code, expires)
        return code

    def is_invite(self, user: User | None, code: bytes, now: int) -> bool:
        """Tell whether the code would be accepted now."""
        return self._invites.is_good(_invited(user), code, now)

    def end_of_invite(self, user: User | None, code: bytes) -> InviteEnd | None:
        """Tell how an invite that is not good ended."""
        return self._invites.end_of(_invited(user), code)

    def mint(
        self, token: Token, invite: bytes, hashed: str, change: TokenChange | None = None
    ) -> Minted | None:
        """Keep a log-in's token, and use its invite up, in one transaction."""
        ended = None
        with self._transaction():
            if not self._users.may_log_in(token.uid):
                return None
            if invite:
                if not self._invites.spend(token.uid, invite, token.created):
                    return None
                if self._users.set_password(token.uid, hashed):
                    self._revoke(self._tokens.of(token.uid), token.created)
            else:
                ended = self._make_room(token)
            self._insert(token, is_free=True)
            self._keep_login(change, token)
        return Minted(ended)

    def granted_before(self, change: TokenChange) -> Token | None:
        """Give the token that the same LOGIN made, unless somebody used it or its time is over."""
        kid = self._changes.made_lately(change, UNUSED_LIFE_MILLISECONDS)
        token = self._tokens.get(kid) if kid else None
        if token is None or token.used or not token.is_live(change.made):
            return None
        return token

    def minted_by(self, change: TokenChange) -> Token | None:
        """Give the token that this request made before."""
        done = self._changes.find(change)
        if done is None:
            return None
        token = self._tokens.get(done[0])
        if token is None:
            raise NotFoundError("the token was made, and has ended since")
        return token

    def mint_further(self, token: Token, parent: Token, change: TokenChange) -> None:
        """Keep a token that another one began."""
        with self._transaction():
            self._check_live(parent.kid, change.made)
            self._insert(token)
            self._changes.keep(change, kid=token.kid)

    def replace(self, successor: Token) -> None:
        """Keep a token's successor."""
        with self._transaction():
            self._check_live(successor.predecessor, successor.created)
            self._insert_successor(successor)

    def change_password(
        self, successor: Token, hashed: str, *, keep: bool, change: TokenChange | None = None
    ) -> None:
        """Keep a password's hash and a token's successor, and end the other tokens."""
        with self._transaction():
            self._check_live(successor.predecessor, successor.created)
            self._keep_login(change, successor)
            self._users.set_password(successor.uid, hashed)
            if keep:
                self._insert_successor(successor)
                return
            others = self._tokens.of(successor.uid)
            ended = [token for token in others if token.kid != successor.predecessor]
            self._revoke(ended, successor.created)
            self._insert(successor, is_free=True)

    def revoke(self, user: User, name: bytes, change: TokenChange) -> int:
        """End a line, once."""
        with self._transaction():
            done = self._changes.find(change)
            if done is not None:
                return done[1]
            line = line_of(self._tokens.of(user.uid), name)
            if not line:
                raise NotFoundError("there is no such token")
            ended = sum(token.is_live(change.made) for token in line)
            self._revoke(line, change.made)
            self._changes.keep(change, ended=ended)
        return ended

    def mark_used(self, token: Token, now: int) -> None:
        """Keep the first use of a token, and give its predecessor its end."""
        current = self._tokens.get(token.kid)
        if current is None or current.used:
            return
        predecessor = self._tokens.get(current.predecessor) if current.predecessor else None
        with self._transaction():
            for changed in after_first_use(current, predecessor, now):
                self._tokens.update(changed)

    def sweep(self, now: int) -> None:
        """Erase unused tokens after their deadline, ended ones after 30 days, what is too old.

        A generation of the master key whose time is over goes with all of its tokens.
        """
        over = self._generations.ended(now)
        with self._transaction():
            self._invites.sweep(now)
            self._changes.sweep(now)
            self._tokens.delete_over(now, now - SALT_LIFE_MILLISECONDS)
            for number in over:
                self._tokens.delete_generation(number)
            self._generations.forget(over)
        self._generations.destroy_forgotten()
        self._uses.prune(self._tokens.knows)

    def _insert_successor(self, successor: Token) -> None:
        for token in superfluous(self._tokens.of(successor.uid), successor, successor.created):
            if token.used:
                self._revoke([token], successor.created)
            else:
                self._tokens.delete(token.kid)
        self._insert(successor, is_free=True)

    def _insert(self, token: Token, *, is_free: bool = False) -> None:
        """Keep a token; raise QuotaError if its user has too many, unless it `is_free` of that."""
        if token.generation != self._generations.current:
            raise BusyError  # rotated since the token was made: its maker tries again
        kept = self._tokens.of(token.uid)
        if not is_free and len(shown_tokens(kept, token.created)) >= MAX_LIVE_LINES:
            raise QuotaError(
                f"{MAX_LIVE_LINES} tokens are the most; end one: diaryclient token revoke ID"
            )
        ended = [each for each in kept if not each.is_live(token.created)]
        for each in ended[: max(0, len(kept) + 1 - MAX_KEPT_TOKENS)]:
            self._tokens.delete(each.kid)
        self._tokens.insert(token)

    def _make_room(self, token: Token) -> Token | None:
        """End a line of a user who has as many as there may be, and give its newest token."""
        kept = self._tokens.of(token.uid)
        if len(shown_tokens(kept, token.created)) < MAX_LIVE_LINES:
            return None
        line = pushed_out(kept, lambda each: self._uses.of(each.kid).moment, token.created)
        self._revoke(line, token.created)
        return line[-1]

    def _keep_login(self, change: TokenChange | None, token: Token) -> None:
        if change is None:
            return
        if self._changes.find(change) is not None:
            raise ConflictError("this log-in was granted before; begin a new one")
        self._changes.keep(change, kid=token.kid)

    def _revoke(self, tokens: Iterable[Token], now: int) -> None:
        for token in tokens:
            if not token.revoked:
                self._tokens.update(replace(token, revoked=now))

    def _check_live(self, kid: bytes, now: int) -> None:
        token = self._tokens.get(kid)
        if token is None or not token.is_live(now):
            raise TokenRevokedError

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        committed = False
        try:
            with self._connection.transaction():
                yield
            committed = True
        except StorageError:
            with suppress(StorageError):  # then nobody knows, and the first error is said
                self._look_again()
            raise
        finally:
            self._tokens.settle(committed=committed)

    def _look_again(self) -> None:
        """Take into memory what is in the database: a commit whose last sync failed is there."""
        self._generations.reload()
        self._names = dict.fromkeys(self._users.enabled_names())


def _invited(user: User | None) -> bytes:
    return user.uid if user and not user.is_disabled else bytes(UID_BYTES)
