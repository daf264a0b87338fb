"""The door: what was decrypted becomes a valid message here, by pydantic, or is refused.

Rules: strict, no unknown field; the error says which field, never its value, since that is diary
text or a password. Authentic senders make mistakes and attacks too: every input gives a message or
one InvalidRequestError.
"""

from typing import Final, TypeVar

from pydantic import TypeAdapter, ValidationError

from protocol.errors import InvalidRequestError, MalformedError, RefusedError
from protocol.messages.base import MAX_NOTE_BYTES, Refusal, Request
from protocol.messages.changes import Amend
from protocol.messages.forms import FORMS, Form, split_form
from protocol.messages.table import OPERATIONS, Operation
from protocol.messages.writing import Put
from protocol.packing import unpack, unpack_long

_REQUESTS: Final[dict[str, tuple[Operation, TypeAdapter[Request]]]] = {
    operation.name: (operation, TypeAdapter(operation.request)) for operation in OPERATIONS
}
_LONG: Final = frozenset({Put, Amend})
"""What may come in parts."""

_NUMBER: Final = "a whole number within its bounds is expected"
_OCTETS: Final = "bytes, as many as its bounds allow, are expected"
_WORDS: Final = {
    "missing": "this field is missing",
    "unexpected_keyword_argument": "there is no such field",
    "int_type": _NUMBER,
    "greater_than_equal": _NUMBER,
    "less_than_equal": _NUMBER,
    "bytes_type": _OCTETS,
    "bytes_too_short": _OCTETS,
    "bytes_too_long": _OCTETS,
    "bool_type": "true or false is expected",
}
"""What pydantic finds, in the document's words: its own are those of Python and of one version."""

_Valid = TypeVar("_Valid")
_FORMS: Final[dict[type[Form], TypeAdapter[Form]]] = {
    form: TypeAdapter(form) for form in FORMS.values()
}


def read_request(plaintext: bytes) -> tuple[Operation, Request]:
    """Give the table's row and the request; raise InvalidRequestError for anything else."""
    return _read(_unpack(plaintext))


def read_long_request(plaintext: bytes) -> tuple[Operation, Request]:
    """Give the same of what came in parts, which is a `put` or an `amend`."""
    try:
        values = unpack_long(plaintext)
    except MalformedError as error:
        raise InvalidRequestError(str(error)) from None
    operation, request = _read(values)
    if operation.request not in _LONG:
        raise InvalidRequestError("no such operation comes in parts")
    return operation, request


def _read(values: dict[str, object]) -> tuple[Operation, Request]:
    name = values.pop("op", None)
    known = _REQUESTS.get(name) if isinstance(name, str) else None
    if known is None:
        raise InvalidRequestError("this server knows no such operation")
    operation, adapter = known
    return operation, _validate(adapter, values)


def read_form(plaintext: bytes) -> Form:
    """Give the form that a LOGIN sealed; raise InvalidRequestError for anything else."""
    try:
        form, values = split_form(plaintext)
    except MalformedError as error:
        raise InvalidRequestError(str(error)) from None
    return _validate(_FORMS[form], values)


def _unpack(plaintext: bytes) -> dict[str, object]:
    try:
        return unpack(plaintext)
    except MalformedError as error:
        raise InvalidRequestError(str(error)) from None


def _validate(adapter: TypeAdapter[_Valid], values: dict[str, object]) -> _Valid:
    try:
        return adapter.validate_python(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        note = f"{place}: {_WORDS.get(first['type'], 'a value of another type is expected')}"
    except MalformedError as error:
        note = str(error)
    raise InvalidRequestError(note)


def refusal(error: RefusedError, now: int) -> Refusal:
    """Give the message that tells an error, its note cut to what a refusal may carry."""
    note = error.note.encode(errors="replace")[:MAX_NOTE_BYTES].decode(errors="ignore")
    return Refusal(error.code, note, now)
