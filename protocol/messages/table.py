"""`OPERATIONS`, the table of all that can be asked, and how messages become bytes and come back.

The server has a handler for each row, the client a decoder, PROTOCOL.md a section, and
tests/golden/v1 bytes.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from protocol.errors import ErrorCode, MalformedError
from protocol.fields import read_fields
from protocol.messages.account import (
    Delete,
    Deleted,
    Grant,
    Identity,
    Mint,
    Ping,
    Revoke,
    Revoked,
    TokenList,
    Tokens,
    Whoami,
)
from protocol.messages.archive import ArchiveList, Archives, Recover, Recovered
from protocol.messages.base import PADDED_PLAINTEXT, Refusal, Reply, Request, Scope
from protocol.messages.batch import Batch, Batched
from protocol.messages.changes import Amend, Changed, Remove, Restore
from protocol.messages.diary import (
    Chunk,
    Clear,
    Cleared,
    DayList,
    Days,
    Put,
    Read,
    Stored,
)
from protocol.messages.finding import Found, Search
from protocol.messages.following import Tail, Tailed
from protocol.messages.forms import FORMS, Form, LoginForm, name_of_form
from protocol.messages.parts import Part, Received
from protocol.packing import Packable, pack, unpack

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


@dataclass(frozen=True, slots=True)
class Operation:
    """One row of the table: the name on the wire, the request, its reply, the scope it needs."""

    name: str
    request: type[Request]
    reply: type[Reply]
    scope: Scope


OPERATIONS: Final = (
    Operation("put", Put, Stored, Scope.WRITE),
    Operation("batch", Batch, Batched, Scope.WRITE),
    Operation("part", Part, Received, Scope.WRITE),
    Operation("days", Days, DayList, Scope.READ),
    Operation("read", Read, Chunk, Scope.READ),
    Operation("clear", Clear, Cleared, Scope.FULL),
    Operation("archives", Archives, ArchiveList, Scope.READ),
    Operation("recover", Recover, Recovered, Scope.FULL),
    Operation("amend", Amend, Changed, Scope.FULL),
    Operation("remove", Remove, Changed, Scope.FULL),
    Operation("restore", Restore, Changed, Scope.FULL),
    Operation("search", Search, Found, Scope.READ),
    Operation("tail", Tail, Tailed, Scope.READ),
    Operation("whoami", Whoami, Identity, Scope.ANY),
    Operation("ping", Ping, Identity, Scope.ANY),
    Operation("tokens", Tokens, TokenList, Scope.FULL),
    Operation("mint", Mint, Grant, Scope.FULL),
    Operation("revoke", Revoke, Revoked, Scope.ANY),
    Operation("delete", Delete, Deleted, Scope.FULL),
)
BY_NAME: Final = {operation.name: operation for operation in OPERATIONS}
BY_REQUEST: Final = {operation.request: operation for operation in OPERATIONS}

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

_FORM: Final = "form"

Answer = TypeVar("Answer", bound=Reply)
Padded: TypeAlias = Archives | Days | Read | Search | Tail | Tokens
PaddedRequest = TypeVar("PaddedRequest", bound=Padded)


def padded(request: PaddedRequest) -> PaddedRequest:
    """Pad a reading request so that its datagram has 400 bytes, or 401.

    A pad of 256 bytes and more takes one more byte for its length in msgpack.
    """
    bare = replace(request, pad=b"")
    return replace(bare, pad=bytes(PADDED_PLAINTEXT - len(encode_request(bare))))


def encode_request(request: Request) -> bytes:
    """Give a request's plaintext."""
    return pack({"op": BY_REQUEST[type(request)].name} | _map(request))


def encode_reply(answer: Reply | Refusal, *, renew: bool = False) -> bytes:
    """Give the plaintext of a reply or a refusal; `renew` puts the renewal hint into a reply."""
    if isinstance(answer, Stored) and not renew:
        return _STORED[answer.dup] % answer.day.encode()
    if isinstance(answer, Refusal):
        return pack(_map(answer))
    hint: dict[str, Packable] = {RENEWAL_HINT: True} if renew else {}
    return pack({"code": str(ErrorCode.OK)} | _map(answer) | hint)


def encode_form(form: Form) -> bytes:
    """Give a form's msgpack map, before `protocol.login` pads it."""
    if isinstance(form, LoginForm):
        fields = _map(form)
        if not form.fixed:
            del fields["fixed"]
        return pack(fields)
    return pack({_FORM: name_of_form(type(form))} | _map(form))


def split_form(plaintext: bytes) -> tuple[type[Form], dict[str, object]]:
    """Tell which form a map is, and give its fields, unread; raise MalformedError if none."""
    values = unpack(plaintext)
    name = values.pop(_FORM) if _FORM in values else None
    if name is not None and not isinstance(name, str):
        raise MalformedError("the name of a form is a text")
    kind = FORMS.get(name)
    if kind is None:
        raise MalformedError("no form has such a name")
    return kind, values


def decode_reply(reply: type[Answer], plaintext: bytes) -> Answer | Refusal:
    """Read what answers a request or a LOGIN: `reply` or a Refusal, else raise MalformedError.

    The renewal hint is checked and left to `hints_renewal`.
    """
    values = unpack(plaintext)
    if values.get("code") == ErrorCode.OK:
        del values["code"]
        if values.pop(RENEWAL_HINT, True) is not True:
            raise MalformedError("a renewal hint is true, or absent")
        return read_fields(reply, values)
    return read_fields(Refusal, values)


def hints_renewal(plaintext: bytes) -> bool:
    """Tell whether a reply, which `decode_reply` accepts, says that its token is due for renewal.

    Raise MalformedError if it is no msgpack map.
    """
    return RENEWAL_HINT in unpack(plaintext)


def _map(message: "DataclassInstance") -> dict[str, Packable]:
    return {name: _plain(getattr(message, name)) for name in type(message).__annotations__}


def _plain(value: "Packable | tuple[DataclassInstance, ...]") -> Packable:
    if isinstance(value, tuple):
        return [list(_map(row).values()) for row in value]
    return str(value) if isinstance(value, str) else value
