"""Sessions: what a token's requests need again and again, worked out once.

Rules: nothing here decides for longer than the token stays what it was; the account store gives
another object when anything of a token changes, and a new master key is looked for each time.
"""

from collections import OrderedDict
from typing import Final

from diaryserver.service.ports.accounts import AccountStore, Token
from diaryserver.service.token_life import earliest_renewal
from protocol.keys import TokenKeys, derive_token_keys

MAX_SESSIONS: Final = 4096
"""Setting a token's keys up costs 20 us, and they hold 9 KiB, OpenSSL's mostly: 37 MiB at most."""


class TokenSession:
    """A token's keys, and the moment (ms) before which it is surely not due to be renewed."""

    __slots__ = ("generation", "keys", "renewal", "token")

    def __init__(self, token: Token, keys: TokenKeys, generation: int) -> None:
        """Hold for this token as it is, while `generation` is that of the current master key."""
        self.token = token
        self.keys = keys
        self.generation = generation
        self.renewal = earliest_renewal(token, generation)


class TokenSessions:
    """The sessions in use, of those tokens that were used last."""

    def __init__(self, accounts: AccountStore) -> None:
        """Begin without any."""
        self._accounts = accounts
        self._sessions: OrderedDict[bytes, TokenSession] = OrderedDict()

    def find(self, kid: bytes) -> TokenSession | None:
        """Give the session of a key id, whose token may have ended; None if there is no token."""
        token = self._accounts.token(kid)
        if token is None:
            return None
        generation = self._accounts.generation()
        session = self._sessions.get(kid)
        if session is None:
            return self._begin(token, generation)
        if session.token is not token or session.generation != generation:
            session = self._sessions[kid] = TokenSession(token, session.keys, generation)
        self._sessions.move_to_end(kid)
        return session

    def _begin(self, token: Token, generation: int) -> TokenSession | None:
        try:
            root = self._accounts.root(token)
        except KeyError:  # its generation was destroyed since it was looked up
            return None
        session = TokenSession(token, derive_token_keys(root, token.kid), generation)
        self._sessions[token.kid] = session
        if len(self._sessions) > MAX_SESSIONS:
            self._sessions.popitem(last=False)
        return session
