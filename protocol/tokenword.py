"""A token as one shell-safe word (`protocol.word`), for another machine or a scheduled job.

Its values are `[address, user, fingerprint digest (32 bytes), kid (8 bytes), root (32 bytes),
scopes, expires, fixed]`: all that a client keeps of a login. Whoever has the word has the token.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from protocol.address import Address
from protocol.envelope import KID_BYTES
from protocol.errors import MalformedError
from protocol.identifiers import MAX_MILLISECONDS, Username
from protocol.keys import ROOT_BYTES
from protocol.messages.base import parse_scopes
from protocol.word import WordKind, fingerprint_digest, shown_digest

TOKEN_PREFIX: Final = "diarytoken1"  # noqa: S105 - where a secret begins, and none itself
MAX_TOKEN_WORD: Final = 720
"""An address of 259 bytes, the longest, gives 659 letters."""

_WORD: Final = WordKind(TOKEN_PREFIX, MAX_TOKEN_WORD, "token")
_TYPES: Final = (str, str, bytes, bytes, bytes, str, int, bool)


@dataclass(frozen=True, slots=True)
class TokenWord:
    """A token with what it takes to use it: the server's address and fingerprint, the user.

    `expires` is in ms since the epoch (0: never), `fixed` says that it is never renewed.
    """

    address: Address
    user: Username
    fingerprint: str
    kid: bytes
    root: bytes = field(repr=False)
    scopes: str
    expires: int
    fixed: bool

    def encode(self) -> str:
        """Give the word, about 220 letters and digits."""
        return _WORD.encode(
            [
                str(self.address),
                str(self.user),
                fingerprint_digest(self.fingerprint),
                self.kid,
                self.root,
                self.scopes,
                self.expires,
                self.fixed,
            ]
        )


def looks_like_token(word: str) -> bool:
    """Tell a token from other words: by its prefix, whole or damaged behind it."""
    return _WORD.begins(word)


def parse_token(word: str) -> TokenWord:
    """Read a token; raise MalformedError for any word but those that `TokenWord.encode` gives."""
    values: list[Any] = _WORD.decode(word, _TYPES)
    address, user, digest, kid, root, scopes, expires, fixed = values
    if (len(kid), len(root)) != (KID_BYTES, ROOT_BYTES) or not 0 <= expires <= MAX_MILLISECONDS:
        raise _WORD.damaged()
    try:
        return TokenWord(
            address=Address.parse(address),
            user=Username(user),
            fingerprint=shown_digest(digest),
            kid=kid,
            root=root,
            scopes=parse_scopes(scopes),
            expires=expires,
            fixed=fixed,
        )
    except MalformedError:
        raise _WORD.damaged() from None
