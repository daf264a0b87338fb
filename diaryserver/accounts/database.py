"""The account store on SQLite; implements `service.ports.AccountStore`.

Rules: every change is one transaction, durable when the method returns; tokens are also kept in
memory, changed only after their transaction, so that looking one up never touches the disk.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

from diaryserver.accounts.keyfiles import ServerKeys
from diaryserver.service.ports import Token, User
from protocol.errors import StorageError, UsageError
from protocol.identifiers import Username
from protocol.invite import CODE_BYTES

UID_BYTES: Final = 16
SALT_LIFE_MILLISECONDS: Final = 30 * 86_400_000
"""So long EXPIRED and REVOKED can be signed, for people back from a long journey."""

_SELECT_TOKENS: Final = (
    "SELECT kid, uid, name, salt, generation, suite, scopes, label, tokens.created, expires, used,"
    " revoked FROM tokens JOIN users USING (uid)"
)
_SELECT_USERS: Final = (
    "SELECT uid, name, created, password IS NOT NULL FROM users WHERE removed = 0"
    " AND (:name IS NULL OR name = :name) ORDER BY name"
)


class SqliteAccounts:
    """Users, invites and tokens."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        keys: ServerKeys,
        random_bytes: Callable[[int], bytes],
        decoy: str,
    ) -> None:
        """`decoy` is the hash of a password that nobody has, for users who have none."""
        self._connection = connection
        self._keys = keys
        self._random_bytes = random_bytes
        self._decoy = decoy
        self._tokens = {token.kid: token for token in self._stored_tokens()}
        self._names = {user.name for user in self._users()}

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def token(self, kid: bytes) -> Token | None:
        """Look a token up in memory."""
        return self._tokens.get(kid)

    def root(self, token: Token) -> bytes:
        """Derive the token's root key."""
        return self._keys.root(token)

    def has_user(self, name: Username) -> bool:
        """Tell from memory whether there is a user of that name."""
        return name in self._names

    def find_user(self, name: Username) -> User | None:
        """Give the user of that name, unless removed."""
        return next(self._users(name), None)

    def list_users(self) -> list[User]:
        """Give all users, by name."""
        return list(self._users())

    def list_tokens(self, user: User) -> list[Token]:
        """Give the user's tokens, oldest first."""
        tokens = (token for token in self._tokens.values() if token.uid == user.uid)
        return sorted(tokens, key=lambda token: token.created)

    def add_user(self, name: Username, now: int) -> User:
        """Create a user without a password; raise UsageError if the name is taken."""
        uid = self._random_bytes(UID_BYTES)
        try:
            with self._transaction():
                self._connection.execute(
                    "INSERT INTO users (uid, name, created) VALUES (?, ?, ?)", (uid, str(name), now)
                )
        except sqlite3.IntegrityError:
            raise UsageError(f"there is a user {name} already") from None
        self._names.add(name)
        return User(uid, name, now, has_password=False)

    def remove_user(self, user: User, now: int) -> None:
        """Remove a user, the password and any invite, and revoke the tokens."""
        with self._transaction():
            execute = self._connection.execute
            execute("DELETE FROM invites WHERE uid = ?", (user.uid,))
            execute("UPDATE tokens SET revoked = ? WHERE uid = ? AND revoked = 0", (now, user.uid))
            execute("UPDATE users SET removed = ?, password = NULL WHERE uid = ?", (now, user.uid))
        self._names.discard(user.name)
        for token in self.list_tokens(user):
            self._tokens[token.kid] = replace(token, revoked=token.revoked or now)

    def password_hash(self, user: User | None) -> str:
        """Give the hash to check against, or the decoy."""
        uid = user.uid if user else bytes(UID_BYTES)
        found = self._read("SELECT password FROM users WHERE uid = ? AND removed = 0", (uid,))
        return str(found[0][0]) if found and found[0][0] else self._decoy

    def set_password_hash(self, user: User, hashed: str) -> None:
        """Keep a password's hash."""
        with self._transaction():
            self._connection.execute(
                "UPDATE users SET password = ? WHERE uid = ?", (hashed, user.uid)
            )

    def invite(self, user: User, expires: int) -> bytes:
        """Keep (hashed) and give a fresh code; an earlier one is void."""
        code = self._random_bytes(CODE_BYTES)
        with self._transaction():
            self._connection.execute(
                "INSERT OR REPLACE INTO invites (uid, code_hash, expires) VALUES (?, ?, ?)",
                (user.uid, _code_hash(code), expires),
            )
        return code

    def is_invite(self, user: User | None, code: bytes, now: int) -> bool:
        """Tell whether the code would be accepted now."""
        uid = user.uid if user else bytes(UID_BYTES)
        return bool(
            self._read(
                "SELECT 1 FROM invites WHERE uid = ? AND code_hash = ? AND expires > ?",
                (uid, _code_hash(code), now),
            )
        )

    def mint(self, token: Token, invite: bytes, hashed: str) -> bool:
        """Keep a new token, and use its invite up, in one transaction."""
        with self._transaction():
            execute = self._connection.execute
            live = execute("SELECT 1 FROM users WHERE uid = ? AND removed = 0", (token.uid,))
            if live.fetchone() is None:
                return False
            if invite:
                spent = execute(
                    "DELETE FROM invites WHERE uid = ? AND code_hash = ? AND expires > ?",
                    (token.uid, _code_hash(invite), token.created),
                )
                if spent.rowcount != 1:
                    return False
                execute("UPDATE users SET password = ? WHERE uid = ?", (hashed, token.uid))
            execute(
                "INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    token.kid,
                    token.uid,
                    token.salt,
                    token.generation,
                    token.suite,
                    token.scopes,
                    token.label,
                    token.created,
                    token.expires,
                    token.used,
                    token.revoked,
                ),
            )
        self._tokens[token.kid] = token
        return True

    def mark_used(self, token: Token, now: int) -> None:
        """Keep that the token was used; later uses change nothing."""
        with self._transaction():
            self._connection.execute(
                "UPDATE tokens SET used = ? WHERE kid = ? AND used = 0", (now, token.kid)
            )
        current = self._tokens.get(token.kid)
        if current is not None and not current.used:
            self._tokens[token.kid] = replace(current, used=now)

    def sweep(self, now: int) -> None:
        """Erase unused tokens after ten minutes, ended ones after 30 days, old invites."""
        ended = [token.kid for token in self._tokens.values() if _is_over(token, now)]
        with self._transaction():
            execute = self._connection.execute
            execute("DELETE FROM invites WHERE expires <= ?", (now,))
            for kid in ended:
                execute("DELETE FROM tokens WHERE kid = ?", (kid,))
        for kid in ended:
            del self._tokens[kid]

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            yield
            self._connection.execute("COMMIT")
        except sqlite3.IntegrityError:
            raise
        except sqlite3.DatabaseError as error:
            raise StorageError(f"accounts: {error}") from error
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def _read(self, query: str, values: Sequence[object] | dict[str, object] = ()) -> list[Any]:
        try:
            return self._connection.execute(query, values).fetchall()
        except sqlite3.DatabaseError as error:
            raise StorageError(f"accounts: {error}") from error

    def _users(self, wanted: str | None = None) -> Iterator[User]:
        rows = self._read(_SELECT_USERS, {"name": wanted and str(wanted)})
        for uid, name, created, has_password in rows:
            yield User(uid, Username(name), created, bool(has_password))

    def _stored_tokens(self) -> Iterator[Token]:
        rows = self._read(_SELECT_TOKENS)
        for kid, uid, name, *rest in rows:
            yield Token(kid, uid, Username(name), *rest)


def _is_over(token: Token, now: int) -> bool:
    if token.is_abandoned(now):
        return True
    ends = [moment for moment in (token.expires, token.revoked) if moment]
    return bool(ends) and now > min(ends) + SALT_LIFE_MILLISECONDS


def _code_hash(code: bytes) -> bytes:
    # 128 random bits need no slow hash: nobody can try them all.
    return hashlib.sha256(code).digest()
