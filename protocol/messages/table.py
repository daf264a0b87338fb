"""`OPERATIONS`, the table of all that can be asked, and how messages become bytes and come back.

The server has a handler for each row, the client a decoder, PROTOCOL.md a section, and
tests/golden/v1 bytes.
"""

from dataclasses import dataclass, replace
from typing import Final, TypeVar

from protocol.errors import ErrorCode
from protocol.fields import read_fields
from protocol.messages.account import Identity, LoginForm, Ping, Whoami
from protocol.messages.base import Message, Refusal, Reply, Request, Scope
from protocol.messages.diary import (
    PADDED_PLAINTEXT,
    Chunk,
    Clear,
    Cleared,
    DayList,
    DayRow,
    Days,
    Put,
    Read,
    Stored,
)
from protocol.packing import Packable, pack, unpack


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
    return replace(bare, pad=bytes(PADDED_PLAINTEXT - len(encode_request(bare))))


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
