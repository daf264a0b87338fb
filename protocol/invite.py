"""An invite: one shell-safe word (`protocol.word`) that carries all a first login needs.

Its values are `[address, user, fingerprint digest (32 bytes), code (16 bytes)]`.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from protocol.address import Address
from protocol.errors import MalformedError
from protocol.identifiers import Username
from protocol.word import WordKind, fingerprint_digest, shown_digest

CODE_BYTES: Final = 16
INVITE_PREFIX: Final = "diaryinvite1"
MAX_WORD: Final = 640
"""An address of 259 bytes, the longest, gives 577 letters."""


class InviteEnd(StrEnum):
    """How an invite ended, in the words that DENIED carries to who holds it, and to nobody else.

    Its code has 128 random bits, so to know it is to hold it.
    """

    USED = "this invite was used already; ask for a new one"
    REPLACED = "this invite was replaced by a newer one; use that, or ask for a new one"
    EXPIRED = "this invite has expired; ask for a new one"
    WITHDRAWN = "this invite was withdrawn; ask for a new one"


_WORD: Final = WordKind(INVITE_PREFIX, MAX_WORD, "invite")


@dataclass(frozen=True, slots=True)
class Invite:
    """Where to log in, as whom, whom to trust, and the 16-byte code that works once."""

    address: Address
    user: Username
    fingerprint: str
    code: bytes = field(repr=False)

    def encode(self) -> str:
        """Give the word, about 150 letters and digits."""
        digest = fingerprint_digest(self.fingerprint)
        return _WORD.encode([str(self.address), str(self.user), digest, self.code])


def looks_like_invite(word: str) -> bool:
    """Tell an invite from a host name: by its prefix, whole or damaged behind it."""
    return _WORD.begins(word)


def parse_invite(word: str) -> Invite:
    """Read an invite; raise MalformedError for any word but those that `Invite.encode` gives."""
    values: list[Any] = _WORD.decode(word, (str, str, bytes, bytes))
    address, user, digest, code = values
    if len(code) != CODE_BYTES:
        raise _WORD.damaged()
    try:
        invite = Invite(Address.parse(address), Username(user), shown_digest(digest), code)
    except MalformedError:
        raise _WORD.damaged() from None
    return invite
