"""The tokens of a user, as one that may do everything sees them: list, make, revoke."""

from typing import Final

from diaryclient.asking.asker import Asker
from diaryclient.asking.exchange import PATIENCE
from diaryclient.home.logins import Login
from diaryclient.login.lifetime import Life
from protocol.errors import MalformedError
from protocol.messages.account import Grant, Mint, Revoke, Revoked, TokenList, TokenRow, Tokens
from protocol.messages.padding import padded
from protocol.tokenword import TokenWord

_MOST_ROWS: Final = 1024
"""A server keeps 64 tokens a user; one that lists without an end is not listened to for ever."""

_MARGIN: Final = 60_000
"""Ms by which a token that nobody chose an end for ends before the one that makes it."""


def list_tokens(asker: Asker) -> list[TokenRow]:
    """Give the live tokens, in the order of their ids; raise as `Asker.ask`."""
    rows: list[TokenRow] = []
    after = b""
    while True:
        page = asker.ask(padded(Tokens(after)), TokenList)
        for row in page.rows:
            if row.id <= after:
                raise MalformedError("the server lists tokens out of order")
            rows.append(row)
            after = row.id
        if not page.more:
            return rows
        if not page.rows or len(rows) > _MOST_ROWS:
            raise MalformedError("the server promises more tokens and lists none")


def mint(asker: Asker, name: str, scopes: str, life: Life) -> TokenWord:
    """Make a token for another machine; raise as `Asker.ask`.

    One whose end nobody chose ends with the asker's own token at the latest, and is as fixed as it.
    """
    login = asker.login
    milliseconds = life.milliseconds
    if login.expires and milliseconds and not life.fixed:
        left = login.expires - asker.now().wall - _MARGIN
        milliseconds = max(1, min(milliseconds, left))
    grant = asker.ask(Mint(name, scopes, milliseconds, life.fixed), Grant)
    return TokenWord(
        address=login.address,
        user=login.user,
        fingerprint=login.fingerprint,
        kid=grant.kid,
        root=grant.root,
        scopes=grant.scopes,
        expires=grant.expires,
        fixed=life.fixed or login.fixed,
    )


def revoke(asker: Asker, token_id: bytes, patience: float = PATIENCE) -> None:
    """End another token; raise as `Asker.ask`, NotFoundError if the user has none of that id."""
    asker.ask(Revoke(token_id), Revoked, patience=patience)


def revoke_own(asker: Asker, patience: float) -> None:
    """End the asker's own token; raise as `Asker.ask`, NotFoundError if it had ended before."""
    asker.ask_last(Revoke(asker.login.kid), Revoked, patience)


def login_of(word: TokenWord, *, created: int, is_stored: bool) -> Login:
    """Give the login that a token's word makes; `created` is ms since the epoch."""
    return Login(
        address=word.address,
        user=word.user,
        kid=word.kid,
        root=word.root,
        fingerprint=word.fingerprint,
        scopes=word.scopes,
        expires=word.expires,
        created=created,
        fixed=word.fixed,
        is_stored=is_stored,
    )
