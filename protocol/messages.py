"""The messages of DIARY/1, declared once: what a request asks, what its reply gives.

Rules: a request travels as a map of its fields plus `op`; a reply as a map of its fields plus
`code`, which is OK, or else the map is a `Refusal`. `OPERATIONS` is the whole table: the server
has a handler for each row, the client a decoder, PROTOCOL.md a section and tests/golden/v1 bytes.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Final, TypeAlias, TypeVar

from protocol.envelope import KID_BYTES, OVERHEAD, SIV_BYTES
from protocol.errors import REFUSALS, ErrorCode, MalformedError, RefusedError
from protocol.fields import Flag, Octets, Parsed, Rows, Text, Whole, read_fields
from protocol.identifiers import MAX_MILLISECONDS, Day, Username
from protocol.keys import ROOT_BYTES
from protocol.packing import Packable, pack, unpack

MAX_TEXT_BYTES: Final = 1024
"""Of one put, in UTF-8. 1106 bytes fit; the difference is room for fields of later versions."""

MIN_MILLISECONDS: Final = -62_135_510_400_000
"""0001-01-02T00:00Z: a day in every zone of the calendar, so that no old diary is refused."""

LAST_MILLISECONDS: Final = MAX_MILLISECONDS - 86_400_000
MAX_OFFSET_MINUTES: Final = 18 * 60
"""Real zones reach from -12:00 to +14:00, historic ones to 15:56; 18 hours is ISO 8601's custom."""

MAX_CHUNK: Final = 1040
"""Raw bytes of a day file in one reply; with the other fields 1071 of the 1106 bytes."""

PAD_TO: Final = 400
"""A reading request has this many bytes, so that a full reply is at most three times its size."""

MAX_PAD: Final = 400
_PADDED_PLAINTEXT: Final = PAD_TO - OVERHEAD - SIV_BYTES
MAX_DAY_ROWS: Final = 30
"""Even with the longest numbers, 30 rows and the other fields fill 1073 of the 1106 bytes."""

MAX_NOTE_BYTES: Final = 120
"""A refusal, at most 251 bytes, stays below three times the smallest request (103 bytes)."""

MAX_GENERATION: Final = 1_000_000
MAX_FILE_BYTES: Final = 2**48
MAX_SKEW_MILLISECONDS: Final = 120_000
"""How far the sender's clock may be from the server's; RFC 4962 and Kerberos use 2 to 5 minutes."""

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
        raise MalformedError("scopes are read, write, full, sorted and each once")
    return text


def allows(scopes: str, needed: Scope) -> bool:
    """Tell whether a token with `scopes` may do what needs `needed`."""
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
DayField: TypeAlias = Annotated[Day, Parsed(Day)]
GenerationField: TypeAlias = Annotated[int, Whole(0, MAX_GENERATION)]
SizeField: TypeAlias = Annotated[int, Whole(0, MAX_FILE_BYTES)]
PadField: TypeAlias = Annotated[bytes, Octets(0, MAX_PAD)]
ScopesField: TypeAlias = Annotated[str, Parsed(parse_scopes)]


@dataclass(frozen=True, slots=True)
class Message:
    """Base of what pydantic validates: no unknown field.

    The text of a ValidationError quotes the input, which is diary text or a password, and no
    setting of a dataclass can hide it: never show one.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}


class Request(Message):
    """What a client asks; its id is the envelope's."""

    __slots__ = ()


class Reply(Message):
    """What a server answers when it did what was asked."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Put(Request):
    """Store an entry: `at` in ms since the epoch, `off` the writer's zone in minutes east of UTC.

    Its id is the request's. The writer's wall clock, `at` shifted by `off`, decides the day.
    """

    at: Annotated[int, Whole(MIN_MILLISECONDS, LAST_MILLISECONDS)]
    off: Annotated[int, Whole(-MAX_OFFSET_MINUTES, MAX_OFFSET_MINUTES)]
    text: Annotated[str, Text(1, MAX_TEXT_BYTES)] = field(repr=False)
    star: Annotated[bool, Flag()] = False


@dataclass(frozen=True, slots=True)
class Stored(Reply):
    """The entry is on disk; `dup` says that it had been before this request."""

    day: DayField
    dup: Annotated[bool, Flag()]


@dataclass(frozen=True, slots=True)
class Days(Request):
    """List the days that have a file, `first` and `last` included."""

    first: DayField
    last: DayField
    pad: PadField = b""


@dataclass(frozen=True, slots=True)
class DayRow:
    """A day's generation (how often it was cleared), its stored entries, and its size in bytes."""

    day: DayField
    generation: GenerationField
    entries: SizeField
    size: SizeField


@dataclass(frozen=True, slots=True)
class DayList(Reply):
    """Rows in calendar order; `more` says to ask again from the day after the last."""

    rows: Annotated[tuple[DayRow, ...], Rows(DayRow, MAX_DAY_ROWS)]
    more: Annotated[bool, Flag()]


@dataclass(frozen=True, slots=True)
class Read(Request):
    """Read raw bytes of a day file from `offset`; STALE if its generation is another by now."""

    day: DayField
    generation: GenerationField
    offset: SizeField
    pad: PadField = b""


@dataclass(frozen=True, slots=True)
class Chunk(Reply):
    """Bytes from the offset asked for, at most 1040, and the whole file's size just then."""

    data: Annotated[bytes, Octets(0, MAX_CHUNK)]
    size: SizeField


@dataclass(frozen=True, slots=True)
class Clear(Request):
    """Set a day's file aside into the archive; STALE if its generation is another by now."""

    day: DayField
    generation: GenerationField


@dataclass(frozen=True, slots=True)
class Cleared(Reply):
    """The name of the file in the user's archive folder."""

    name: Annotated[str, Text(1, 80)]


@dataclass(frozen=True, slots=True)
class Whoami(Request):
    """Ask whom the token stands for."""


@dataclass(frozen=True, slots=True)
class Ping(Request):
    """Ask whether the server answers; it tells the same as Whoami."""


@dataclass(frozen=True, slots=True)
class Identity(Reply):
    """The token's user and scopes, its expiry in ms since the epoch (0: never), server time."""

    user: Annotated[Username, Parsed(Username)]
    scopes: ScopesField
    expires: Moment
    time: Moment


@dataclass(frozen=True, slots=True)
class Refusal(Message):
    """Why nothing was done: a code that is not OK, a note for people, the server's time."""

    code: Annotated[ErrorCode, Parsed(parse_code)]
    note: Annotated[str, Text(0, MAX_NOTE_BYTES)]
    time: Moment

    def error(self) -> RefusedError:
        """Give the error that this refusal means."""
        return REFUSALS[self.code](self.note, self.time)


@dataclass(frozen=True, slots=True)
class LoginForm(Message):
    """What LOGIN seals: a user, one credential, and what the token shall be.

    `invite` is empty for a login by password; with an invite, `password` is the new one. `key` is
    the fresh reply key, `lifetime` in ms (0: never ends), `lowest` and `highest` the versions.
    """

    user: Annotated[Username, Parsed(Username)]
    password: Annotated[str, Text(1, 256)] = field(repr=False)
    invite: Annotated[bytes, Octets(0, 16)] = field(repr=False)
    key: Annotated[bytes, Octets(ROOT_BYTES, ROOT_BYTES)] = field(repr=False)
    label: Annotated[str, Text(1, 64)]
    scopes: ScopesField
    lifetime: Moment
    lowest: Annotated[int, Whole(1, 15)]
    highest: Annotated[int, Whole(1, 15)]


@dataclass(frozen=True, slots=True)
class Grant(Reply):
    """A token: its id and 32-byte root, its expiry (0: never), its scopes, the server's time.

    `lowest` is the lowest version that the server will ever speak to this token.
    """

    kid: Annotated[bytes, Octets(KID_BYTES, KID_BYTES)]
    root: Annotated[bytes, Octets(ROOT_BYTES, ROOT_BYTES)] = field(repr=False)
    expires: Moment
    scopes: ScopesField
    lowest: Annotated[int, Whole(1, 15)]
    time: Moment


@dataclass(frozen=True, slots=True)
class Operation:
    """One row of the table: the name on the wire, the request, its reply, the scope it needs."""

    name: str
    request: type[Request]
    reply: type[Reply]
    scope: Scope


OPERATIONS: Final = (
    Operation("put", Put, Stored, Scope.WRITE),
    Operation("days", Days, DayList, Scope.READ),
    Operation("read", Read, Chunk, Scope.READ),
    Operation("clear", Clear, Cleared, Scope.FULL),
    Operation("whoami", Whoami, Identity, Scope.ANY),
    Operation("ping", Ping, Identity, Scope.ANY),
)
BY_NAME: Final = {operation.name: operation for operation in OPERATIONS}
BY_REQUEST: Final = {operation.request: operation for operation in OPERATIONS}

Answer = TypeVar("Answer", bound=Reply)


def padded(request: Days | Read) -> Days | Read:
    """Pad a reading request so that its datagram has 400 bytes, or 401.

    A pad of 256 bytes and more takes one more byte for its length in msgpack.
    """
    bare = replace(request, pad=b"")
    return replace(bare, pad=bytes(_PADDED_PLAINTEXT - len(encode_request(bare))))


def encode_request(request: Request) -> bytes:
    """Give a request's plaintext."""
    return pack({"op": BY_REQUEST[type(request)].name} | _map(request))


def encode_reply(answer: Reply | Refusal) -> bytes:
    """Give the plaintext of a reply or a refusal."""
    if isinstance(answer, Refusal):
        return pack(_map(answer))
    return pack({"code": str(ErrorCode.OK)} | _map(answer))


def encode_login_form(form: LoginForm) -> bytes:
    """Give a login form's msgpack map, before `protocol.login` pads it."""
    return pack(_map(form))


def decode_reply(reply: type[Answer], plaintext: bytes) -> Answer | Refusal:
    """Read what answers a request or a LOGIN: `reply` or a Refusal, else raise MalformedError."""
    values = unpack(plaintext)
    if values.get("code") == ErrorCode.OK:
        del values["code"]
        return read_fields(reply, values)
    return read_fields(Refusal, values)


def _map(message: Message | DayRow) -> dict[str, Packable]:
    return {name: _plain(getattr(message, name)) for name in type(message).__annotations__}


def _plain(value: "Packable | tuple[DayRow, ...]") -> Packable:
    if isinstance(value, tuple):
        return [list(_map(row).values()) for row in value]
    return str(value) if isinstance(value, str) else value
