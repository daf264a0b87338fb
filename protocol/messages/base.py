"""What every message is made of: the base, scopes, refusals, and fields that several share."""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, ClassVar, Final, TypeAlias

from protocol.envelope import OVERHEAD, SIV_BYTES
from protocol.errors import REFUSALS, ErrorCode, MalformedError, RefusedError
from protocol.fields import Octets, Parsed, Text, Whole
from protocol.identifiers import MAX_MILLISECONDS

MAX_NOTE_BYTES: Final = 120
"""A refusal, at most 251 bytes, stays below three times the smallest request (103 bytes)."""

MAX_SKEW_MILLISECONDS: Final = 120_000
"""How far the sender's clock may be from the server's; RFC 4962 and Kerberos use 2 to 5 minutes."""

PAD_TO: Final = 400
"""A reading request has this many bytes, so that a full reply is at most three times its size."""

MAX_PAD: Final = 400
PADDED_PLAINTEXT: Final = PAD_TO - OVERHEAD - SIV_BYTES
MAX_LABEL_BYTES: Final = 64
"""Of a token's name: a host name's longest label, RFC 1035's 63, and one more."""

ALLOWED_SCOPES: Final = frozenset({"read", "write", "full"})


class Scope(StrEnum):
    """What a token may do: `write` appends only, `full` implies the others, `any` is no demand."""

    READ = "read"
    WRITE = "write"
    FULL = "full"
    ANY = "any"


def parse_scopes(text: str) -> str:
    """Check scopes as they travel: one or more of read, write, full, sorted, one space between."""
    names = text.split(" ")
    if not set(names) <= ALLOWED_SCOPES or names != sorted(set(names)):
        raise MalformedError(
            "scopes are full, read, write: in this order, each once, one space apart"
        )
    return text


@cache
def allows(scopes: str, needed: Scope) -> bool:
    """Tell whether a token with `scopes` may do what needs `needed`.

    Asked for each request; of scopes that parse there are seven combinations.
    """
    granted = scopes.split(" ")
    return needed is Scope.ANY or Scope.FULL in granted or needed in granted


def parse_code(text: str) -> ErrorCode:
    """Check a refusal's code; OK refuses nothing."""
    try:
        code = ErrorCode(text)
    except ValueError:
        code = ErrorCode.OK
    if code is ErrorCode.OK:
        raise MalformedError("no refusal has such a code")
    return code


Moment: TypeAlias = Annotated[int, Whole(0, MAX_MILLISECONDS)]
ScopesField: TypeAlias = Annotated[str, Parsed(parse_scopes)]
LabelField: TypeAlias = Annotated[str, Text(1, MAX_LABEL_BYTES)]
PadField: TypeAlias = Annotated[bytes, Octets(0, MAX_PAD)]


@dataclass(frozen=True, slots=True)
class Message:
    """Base of what pydantic validates: no unknown field.

    The text of a ValidationError quotes the input, which is diary text or a password, and no
    setting of a dataclass can hide it: never show one.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}


class Reply(Message):
    """What a server answers when it did what was asked.

    The fields that `optional` names are left out on the wire while they are empty.
    """

    __slots__ = ()

    optional: ClassVar[tuple[str, ...]] = ()


class Request(Message):
    """What a client asks; its id is the envelope's.

    Each kind says its name on the wire, what answers it, and the scope that it needs, so that who
    asks one thing needs none of the others: the whole table is `protocol.messages.table`.
    `is_counted`: it changes nothing, so its id gets few answers; a change is known by its id.
    """

    __slots__ = ()

    op: ClassVar[str]
    reply: ClassVar[type[Reply]]
    scope: ClassVar[Scope]
    is_counted: ClassVar[bool] = False


class TextRequest(Request):
    """A request with a text; where no datagram holds it, it goes in parts (`messages.parts`)."""

    __slots__ = ()

    text: str


@dataclass(frozen=True, slots=True)
class Refusal(Message):
    """Why nothing was done: a code that is not OK, a note for people, the server's time."""

    code: Annotated[ErrorCode, Parsed(parse_code)]
    note: Annotated[str, Text(0, MAX_NOTE_BYTES)]
    time: Moment

    def error(self) -> RefusedError:
        """Give the error that this refusal means."""
        return REFUSALS[self.code](self.note, self.time)
