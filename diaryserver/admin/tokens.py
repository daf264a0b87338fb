"""What the operator does with the logins of people's devices."""

from collections.abc import Callable, Iterable

from diaryserver.admin.operations import Commands, Json, moment
from diaryserver.admin.users import find
from diaryserver.service.ports.accounts import AccountStore, Token, TokenChange, User
from diaryserver.service.ports.clock import Clock
from diaryserver.service.token_life import shown_tokens
from protocol.errors import NotFoundError, UsageError
from protocol.identifiers import EntryId

SHORTEST_PART = 4
"""Characters that name a login: one or two would mostly name one as well, but by mistake too."""

_CHANCE_BYTES = 10
_DIGEST_BYTES = 32


class TokenOperations:
    """Logins, for the operator; every method is called by the accounts' one thread."""

    def __init__(
        self, clock: Clock, accounts: AccountStore, random_bytes: Callable[[int], bytes]
    ) -> None:
        """`random_bytes` makes the id of each change."""
        self._clock = clock
        self._accounts = accounts
        self._random_bytes = random_bytes

    def commands(self) -> Commands:
        """Give the commands by name."""
        return {"token list": self.list_all, "token revoke": self.revoke}

    def list_all(self, name: str | None) -> Json:
        """Give all live logins, or those of one user, by user and id."""
        return [self._row(token) for _, token in self._live(name)]

    def revoke(self, token: str, name: str | None) -> Json:
        """End the one login whose id begins or ends with `token`.

        Raise NotFoundError if there is none, UsageError if there are several or `token` is short.
        """
        part = token.lower()
        if len(part) < SHORTEST_PART:
            raise UsageError(f"say {SHORTEST_PART} characters of the id at least; nothing was done")
        found = [(user, each) for user, each in self._live(name) if _is_named(each, part)]
        if not found:
            raise NotFoundError(f"there is no login {token}; `token list` lists them")
        if len(found) > 1:
            raise UsageError(f"{token} stands for {len(found)} logins; say more of the id")
        [(user, chosen)] = found
        now = self._clock.now()
        rid = EntryId.make(now, self._random_bytes(_CHANCE_BYTES))
        self._accounts.revoke(
            user, chosen.id, TokenChange(user.uid, rid, bytes(_DIGEST_BYTES), now)
        )
        return {"id": chosen.id.hex(), "user": str(user.name)}

    def _live(self, name: str | None) -> Iterable[tuple[User, Token]]:
        users = self._accounts.list_users() if name is None else [find(self._accounts, name)]
        now = self._clock.now()
        for user in users:
            for token in shown_tokens(self._accounts.list_tokens(user), now):
                yield user, token

    def _row(self, token: Token) -> dict[str, Json]:
        use = self._accounts.last_use(token)
        return {
            "id": token.id.hex(),
            "user": str(token.user),
            "name": token.label,
            "scope": token.scopes,
            "created": moment(token.created),
            "used": moment(use.moment),
            "address": use.address,
            "expires": moment(token.expires),
        }


def _is_named(token: Token, part: str) -> bool:
    name = token.id.hex()
    return name.startswith(part) or name.endswith(part)
