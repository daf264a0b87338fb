"""Messages on who somebody is: identity, tokens, the end of an account."""

from dataclasses import dataclass, field
from typing import Annotated, Final

from protocol.envelope import KID_BYTES
from protocol.fields import Flag, Octets, Parsed, Rows, Text, Whole
from protocol.identifiers import Username
from protocol.messages.base import (
    MAX_LABEL_BYTES,
    LabelField,
    Moment,
    PadField,
    Reply,
    Request,
    Scope,
    ScopesField,
)
from protocol.messages.forms import KeyField, KidField, VersionField

MAX_TOKEN_ROWS: Final = 6
"""Even with the longest names and addresses, 6 rows and the rest fill 1030 of the 1106 bytes."""

MAX_ADDRESS_BYTES: Final = 45
"""Of an IP address without its scope, an IPv4-mapped one written out included."""

MAX_ENDED: Final = 255
"""More than the live tokens of one id, of which the server keeps a handful."""


@dataclass(frozen=True, slots=True)
class Identity(Reply):
    """The token's user and scopes, its expiry in ms since the epoch (0: never), server time."""

    user: Annotated[Username, Parsed(Username)]
    scopes: ScopesField
    expires: Moment
    time: Moment


@dataclass(frozen=True, slots=True)
class Whoami(Request):
    """Ask whom the token stands for."""

    op = "whoami"
    reply = Identity
    scope = Scope.ANY
    is_counted = True


@dataclass(frozen=True, slots=True)
class Ping(Request):
    """Ask whether the server answers; it tells the same as Whoami."""

    op = "ping"
    reply = Identity
    scope = Scope.ANY
    is_counted = True


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token under the id that stays when it is renewed; times in ms since the epoch.

    `created` is when the one in use was made, `used` 0: not yet, `address` where from at last (""
    unknown), `expires` 0: never, `own`: it is the one that asks.
    """

    id: KidField
    label: LabelField
    scopes: ScopesField
    created: Moment
    used: Moment
    address: Annotated[str, Text(0, MAX_ADDRESS_BYTES)]
    expires: Moment
    own: Annotated[bool, Flag()]


@dataclass(frozen=True, slots=True)
class TokenList(Reply):
    """Rows in the order of their ids; `more` says to ask again after the last."""

    rows: Annotated[tuple[TokenRow, ...], Rows(TokenRow, MAX_TOKEN_ROWS)]
    more: Annotated[bool, Flag()]


@dataclass(frozen=True, slots=True)
class Tokens(Request):
    """List the user's live tokens whose ids come behind `after`, in the order of the bytes."""

    op = "tokens"
    reply = TokenList
    scope = Scope.FULL
    is_counted = True

    after: Annotated[bytes, Octets(0, KID_BYTES)] = b""
    pad: PadField = b""


@dataclass(frozen=True, slots=True)
class Grant(Reply):
    """A token: its id and 32-byte root, its expiry (0: never), its scopes, the server's time.

    `lowest` is the lowest version that the server will ever speak to this token. `ended` is the
    label of the line that a log-in pushed out, "" if none.
    """

    optional = ("ended",)

    kid: KidField
    root: KeyField = field(repr=False)
    expires: Moment
    scopes: ScopesField
    lowest: VersionField
    time: Moment
    ended: Annotated[str, Text(0, MAX_LABEL_BYTES)] = ""


@dataclass(frozen=True, slots=True)
class Mint(Request):
    """Make a further token of the same user, which may do no more and live no longer.

    `lifetime` in ms (0: never ends); `fixed`: a person chose it, the token is never renewed.
    """

    op = "mint"
    reply = Grant
    scope = Scope.FULL

    label: LabelField
    scopes: ScopesField
    lifetime: Moment
    fixed: Annotated[bool, Flag()]


@dataclass(frozen=True, slots=True)
class Revoked(Reply):
    """How many live tokens ended: an id may stand for one and its unused successors."""

    ended: Annotated[int, Whole(0, MAX_ENDED)]


@dataclass(frozen=True, slots=True)
class Revoke(Request):
    """End a token and all that it was renewed to; `id` is its id, or any of their key ids."""

    op = "revoke"
    reply = Revoked
    scope = Scope.ANY

    id: KidField


@dataclass(frozen=True, slots=True)
class Deleted(Reply):
    """The account is gone, its diary set aside on the server, all its tokens revoked."""


@dataclass(frozen=True, slots=True)
class Delete(Request):
    """Remove the account; `user` is its own name, said again so that it is no slip."""

    op = "delete"
    reply = Deleted
    scope = Scope.FULL

    user: Annotated[Username, Parsed(Username)]
