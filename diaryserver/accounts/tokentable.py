"""The table of tokens, and all of it in memory, so that looking one up never touches the disk.

Rules: memory changes only after the transaction did, by `settle`; until then the changes are
staged. Readers on another thread see each token as it was before or after, never in between.
"""

from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Final

from diaryserver.accounts.connection import Connection
from diaryserver.service.ports import Token, Use
from protocol.errors import StorageError
from protocol.identifiers import Username

_COLUMNS: Final = tuple(field.name for field in fields(Token) if field.name != "user")
_SELECT: Final = (
    f"SELECT {', '.join(f'tokens.{column}' for column in _COLUMNS)}, name"  # noqa: S608 - our own
    " FROM tokens JOIN users USING (uid)"
)
_INSERT: Final = (
    f"INSERT INTO tokens ({', '.join(_COLUMNS)})"  # noqa: S608 - our own names
    f" VALUES ({', '.join('?' * len(_COLUMNS))})"
)

_ALIKE: Final = ("generation", "suite", "scopes", "label", "life")
"""What many tokens have in common."""

_OFTEN_SAME: Final = (("id", "kid"), ("authenticated", "created"), ("used", "created"))


class TokenTable:
    """Tokens by key id."""

    def __init__(self, connection: Connection) -> None:
        """Read them all."""
        self._connection = connection
        self._tokens = {token.kid: token for token in self._stored()}
        self._staged: dict[bytes, Token | None] = {}

    def get(self, kid: bytes) -> Token | None:
        """Look one up in memory."""
        return self._tokens.get(kid)

    def all(self) -> list[Token]:
        """Give every token."""
        return list(self._tokens.values())

    def of(self, uid: bytes) -> list[Token]:
        """Give a user's tokens."""
        return [token for token in self.all() if token.uid == uid]

    def insert(self, token: Token) -> None:
        """Add one, inside a transaction."""
        values = {name: getattr(token, name) for name in _COLUMNS}
        self._connection.execute(_INSERT, list(values.values()))
        self._staged[token.kid] = token

    def update(self, token: Token) -> None:
        """Keep what may change of one, inside a transaction."""
        self._connection.execute(
            "UPDATE tokens SET expires = ?, used = ?, revoked = ?, superseded = ? WHERE kid = ?",
            (token.expires, token.used, token.revoked, token.superseded, token.kid),
        )
        self._staged[token.kid] = token

    def delete(self, kid: bytes) -> None:
        """Erase one, inside a transaction."""
        self._connection.execute("DELETE FROM tokens WHERE kid = ?", (kid,))
        self._staged[kid] = None

    def settle(self, *, committed: bool) -> None:
        """Take over into memory what was staged, or drop it."""
        staged, self._staged = self._staged, {}
        if not committed:
            return
        for kid, token in staged.items():
            if token is None:
                self._tokens.pop(kid, None)
            else:
                self._tokens[kid] = token

    def _stored(self) -> Iterator[Token]:
        # Every known user's token is in memory: of equal values one object is kept.
        shared: dict[object, object] = {}
        for *values, name in self._connection.stream(_SELECT):
            found = dict(zip(_COLUMNS, values, strict=True))
            for column in _ALIKE:
                found[column] = shared.setdefault(found[column], found[column])
            for column, like in _OFTEN_SAME:
                if found[column] == found[like]:
                    found[column] = found[like]
            found["fixed"] = bool(found["fixed"])
            yield Token(**found, user=Username(name))


class LastUses:
    """When and from where each token was used last.

    `note` may be called by another thread than the rest. Bounded by the tokens there are.
    """

    def __init__(self, connection: Connection) -> None:
        """Read them all."""
        self._connection = connection
        rows = connection.stream("SELECT kid, last_used, address FROM tokens WHERE last_used > 0")
        self._noted = {kid: Use(moment, address) for kid, moment, address in rows}
        self._unkept: set[bytes] = set()

    def note(self, kid: bytes, use: Use) -> None:
        """Remember a use; this is on the way of every request."""
        self._noted[kid] = use
        self._unkept.add(kid)

    def of(self, kid: bytes) -> Use:
        """Give the last use; its moment is 0 if there was none."""
        return self._noted.get(kid) or Use(0, "")

    def keep(self) -> None:
        """Write what is new, inside a transaction of its own."""
        new = list(self._unkept)
        if not new:
            return
        # Before they are read: what is noted from now on is kept the next time.
        self._unkept.difference_update(new)
        try:
            with self._connection.transaction():
                for kid in new:
                    use = self.of(kid)
                    self._connection.execute(
                        "UPDATE tokens SET last_used = ?, address = ? WHERE kid = ?",
                        (use.moment, use.address, kid),
                    )
        except StorageError:
            self._unkept.update(new)
            raise

    def prune(self, is_known: Callable[[bytes], bool]) -> None:
        """Forget the tokens that were erased."""
        for kid in [kid for kid in list(self._noted) if not is_known(kid)]:
            self._noted.pop(kid, None)
            self._unkept.discard(kid)
