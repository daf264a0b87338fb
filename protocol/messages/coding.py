"""How messages become bytes and come back.

Rules: knows no message but those that answer every `put`, so that a client imports only what it
asks; the door of the server reads requests, by pydantic.
"""

from typing import TYPE_CHECKING, Final, TypeVar

from protocol.errors import ErrorCode, MalformedError
from protocol.fields import read_fields
from protocol.messages.base import Refusal, Reply, Request
from protocol.messages.writing import Stored
from protocol.packing import Packable, pack, unpack

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

RENEWAL_HINT: Final = "renew"
"""The name under which an OK reply says, by `true`, that its token is due to be renewed."""

RENEWAL_HINT_BYTES: Final = 7
"""What that adds to a reply's plaintext; every OK reply leaves room for it."""

_STORED: Final = {
    dup: pack({"code": str(ErrorCode.OK), "day": "0001-01-01", "dup": dup}).replace(
        b"0001-01-01", b"%b"
    )
    for dup in (False, True)
}
"""The answer to nearly every request, but for the day, which always has ten letters."""

Answer = TypeVar("Answer", bound=Reply)


def encode_request(request: Request) -> bytes:
    """Give a request's plaintext."""
    return pack({"op": request.op} | plain_map(request))


def encode_reply(answer: Reply | Refusal, *, renew: bool = False) -> bytes:
    """Give the plaintext of a reply or a refusal; `renew` puts the renewal hint into a reply."""
    if isinstance(answer, Stored) and not renew:
        return _STORED[answer.dup] % answer.day.encode()
    if isinstance(answer, Refusal):
        return pack(plain_map(answer))
    hint: dict[str, Packable] = {RENEWAL_HINT: True} if renew else {}
    fields = plain_map(answer)
    for name in answer.optional:
        if not fields[name]:
            del fields[name]
    return pack({"code": str(ErrorCode.OK)} | fields | hint)


def decode_reply(reply: type[Answer], plaintext: bytes) -> Answer | Refusal:
    """Read what answers a request or a LOGIN: `reply` or a Refusal, else raise MalformedError."""
    return decode_hinted_reply(reply, plaintext)[0]


def decode_hinted_reply(reply: type[Answer], plaintext: bytes) -> tuple[Answer | Refusal, bool]:
    """Read the same, and whether it says that its token is due for renewal."""
    values = unpack(plaintext)
    if values.get("code") != ErrorCode.OK:
        return read_fields(Refusal, values), False
    del values["code"]
    hints_renewal = RENEWAL_HINT in values
    if hints_renewal and values.pop(RENEWAL_HINT) is not True:
        raise MalformedError("a renewal hint is true, or absent")
    return read_fields(reply, values), hints_renewal


def plain_map(message: "DataclassInstance") -> dict[str, Packable]:
    """Give a message's fields as msgpack takes them, in their order."""
    return {name: _plain(getattr(message, name)) for name in type(message).__annotations__}


def _plain(value: "Packable | tuple[DataclassInstance, ...]") -> Packable:
    if isinstance(value, tuple):
        return [list(plain_map(row).values()) for row in value]
    return str(value) if isinstance(value, str) else value
