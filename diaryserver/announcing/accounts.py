"""Accounts that announce when the token of a log-in is kept: the first of a line or a successor."""

from collections.abc import Callable
from sqlite3 import Connection

from diaryserver.accounts.database import SqliteAccounts
from diaryserver.accounts.keyfiles import ServerKeys
from diaryserver.announcing.steps import Announce, Step
from diaryserver.service.ports.accounts import Minted, Token, TokenChange


class AnnouncingAccounts(SqliteAccounts):
    """The real accounts."""

    def __init__(
        self,
        connection: Connection,
        keys: ServerKeys,
        random_bytes: Callable[[int], bytes],
        decoy: str,
        announce: Announce,
    ) -> None:
        """Announce to this."""
        super().__init__(connection, keys, random_bytes, decoy)
        self._announce = announce

    def mint(
        self, token: Token, invite: bytes, hashed: str, change: TokenChange | None = None
    ) -> Minted | None:
        """As SqliteAccounts."""
        minted = super().mint(token, invite, hashed, change)
        if minted is not None:
            self._announce(Step.TOKEN_KEPT)
        return minted

    def change_password(
        self, successor: Token, hashed: str, *, keep: bool, change: TokenChange | None = None
    ) -> None:
        """As SqliteAccounts."""
        super().change_password(successor, hashed, keep=keep, change=change)
        self._announce(Step.TOKEN_KEPT)

    def replace(self, successor: Token) -> None:
        """As SqliteAccounts."""
        super().replace(successor)
        self._announce(Step.TOKEN_KEPT)
