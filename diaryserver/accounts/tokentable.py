"""The table of tokens, and of each what a request needs in memory: looking up touches no disk.

Rules: memory changes only after the transaction did, by `settle`; until then the changes are
staged. A token lies there as a packed row; those in use are also kept as they are asked for.
Readers on another thread see each token as it was before or after, never in between.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any, Final

import msgpack

from diaryserver.accounts.connection import Connection
from diaryserver.service.ports.accounts import Token
from protocol.errors import StorageError
from protocol.identifiers import Username

MAX_AWAKE: Final = 4096
"""Tokens in use, 1 KiB each; unpacking one again takes 5 us of the 100 that a request takes."""

_FIELDS: Final = tuple(field.name for field in fields(Token))
"""In their order in a row; the first is the key id."""

_USER: Final = _FIELDS.index("user")
_FLAGS: Final = tuple(_FIELDS.index(name) for name in ("fixed", "minted"))
_COLUMNS: Final = tuple(name for name in _FIELDS if name != "user")
_SELECT: Final = (
    f"SELECT {', '.join('name' if each == 'user' else f'tokens.{each}' for each in _FIELDS)}"  # noqa: S608 - our own names
    " FROM tokens JOIN users USING (uid)"
)
_INSERT: Final = (
    f"INSERT INTO tokens ({', '.join(_COLUMNS)})"  # noqa: S608 - our own names
    f" VALUES ({', '.join('?' * len(_COLUMNS))})"
)
_OVER: Final = (
    "SELECT kid FROM tokens WHERE used = 0 AND 0 < deadline AND deadline < :now"
    " OR 0 < expires AND expires < :ended OR 0 < revoked AND revoked < :ended"
)
"""Abandoned as `Token.is_abandoned` says, or at its end before `ended`."""

_values_of = attrgetter(*_COLUMNS)
_row_of = attrgetter(*_FIELDS)


class TokenTable:
    """Tokens by key id."""

    def __init__(self, connection: Connection, max_awake: int = MAX_AWAKE) -> None:
        """Read them all; so many are kept unpacked."""
        self._connection = connection
        self._max_awake = max_awake
        # As tokens first: a broken one is found at the start, not when somebody comes with it.
        tokens = map(_token, connection.stream(_SELECT))
        self._rows = {token.kid: _packed(token) for token in tokens}
        self._awake: OrderedDict[bytes, Token] = OrderedDict()
        self._changing = threading.Lock()
        self._staged: dict[bytes, bytes | None] = {}

    def get(self, kid: bytes) -> Token | None:
        """Look one up in memory; any thread may."""
        token = self._awake.get(kid)
        if token is None and kid in self._rows:
            return self._wake(kid)
        return token

    def knows(self, kid: bytes) -> bool:
        """Tell from memory whether there is one."""
        return kid in self._rows

    def all(self) -> Iterator[Token]:
        """Give every token, one after the other, as of its turn."""
        for kid in list(self._rows):
            row = self._rows.get(kid)
            if row is not None:
                yield _unpacked(kid, row)

    def of(self, uid: bytes) -> list[Token]:
        """Give a user's tokens, oldest first, with what the transaction has changed of them."""
        rows = self._connection.read(f"{_SELECT} WHERE tokens.uid = ?", (uid,))
        tokens = [_token(row) for row in rows]
        return sorted(tokens, key=lambda token: token.created)

    def insert(self, token: Token) -> None:
        """Add one, inside a transaction."""
        self._connection.execute(_INSERT, _values_of(token))
        self._staged[token.kid] = _packed(token)

    def update(self, token: Token) -> None:
        """Keep what may change of one, inside a transaction."""
        self._connection.execute(
            "UPDATE tokens SET expires = ?, used = ?, revoked = ?, superseded = ? WHERE kid = ?",
            (token.expires, token.used, token.revoked, token.superseded, token.kid),
        )
        self._staged[token.kid] = _packed(token)

    def delete(self, kid: bytes) -> None:
        """Erase one, inside a transaction."""
        self._connection.execute("DELETE FROM tokens WHERE kid = ?", (kid,))
        self._staged[kid] = None

    def delete_over(self, now: int, ended: int) -> None:
        """Erase those abandoned by `now`, or at their end before `ended`, inside a transaction."""
        for (kid,) in self._connection.read(_OVER, {"now": now, "ended": ended}):
            self.delete(kid)

    def delete_generation(self, number: int) -> None:
        """Erase all of a generation of the master key, inside a transaction."""
        query = "SELECT kid FROM tokens WHERE generation = ?"
        for (kid,) in self._connection.read(query, (number,)):
            self.delete(kid)

    def settle(self, *, committed: bool) -> None:
        """Take over into memory what was staged; if it was not committed, what is there now.

        That is what was there before, or what was staged: a commit may fail when all of it is done.
        """
        staged, self._staged = self._staged, {}
        if not committed:
            try:
                staged = {kid: self._stored(kid) for kid in staged}
            except StorageError:
                return  # what cannot be read stays as it is known
        with self._changing:
            for kid, row in staged.items():
                if row is None:
                    self._rows.pop(kid, None)
                else:
                    self._rows[kid] = row
                self._awake.pop(kid, None)

    def _stored(self, kid: bytes) -> bytes | None:
        rows = self._connection.read(f"{_SELECT} WHERE tokens.kid = ?", (kid,))
        return _packed(_token(rows[0])) if rows else None

    def _wake(self, kid: bytes) -> Token | None:
        # Locked: a token unpacked before it changed must not be kept after it did.
        with self._changing:
            row = self._rows.get(kid)
            if row is None:
                return None
            token = self._awake[kid] = _unpacked(kid, row)
            if len(self._awake) > self._max_awake:
                self._awake.popitem(last=False)
            return token


def _packed(token: Token) -> bytes:
    """Pack all but the key id, which it is found by: some 160 bytes in place of 900."""
    packed: bytes = msgpack.packb(_row_of(token)[1:])
    return packed


def _unpacked(kid: bytes, row: bytes) -> Token:
    return _token((kid, *msgpack.unpackb(row)))


def _token(row: Sequence[Any]) -> Token:
    values = list(row)
    values[_USER] = Username(values[_USER])
    for flag in _FLAGS:
        values[flag] = bool(values[flag])
    return Token(*values)
