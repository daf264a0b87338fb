"""The types of message fields, each declared once for both sides.

A field is annotated `Annotated[int, Whole(0, 10)]`. The client, which must start fast, reads a
reply with `read` (pydantic alone costs 50 ms at import); the server's door hands the same objects
to pydantic, which asks each for its schema through `__get_pydantic_core_schema__`. Both are strict:
no value is ever converted from another type. They are plain classes, since a frozen dataclass takes
half a millisecond to make, and `diaryclient write` needs them all.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_args, get_origin

from protocol.errors import MalformedError
from protocol.identifiers import EntryId

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Message = TypeVar("Message", bound="DataclassInstance")


class FieldType(ABC):
    """What stands in the `Annotated` of a message's field."""

    __slots__ = ()

    @abstractmethod
    def read(self, value: object) -> object:
        """Give the value, or raise MalformedError if it is of another type or out of bounds."""

    def __get_pydantic_core_schema__(self, source: object, handler: object) -> dict[str, Any]:
        """Describe the type to pydantic: by default, call `read`."""
        function = {"type": "no-info", "function": self.read}
        return {"type": "function-plain", "function": function}


class _Bounded(FieldType):
    """A number, or a length, from `low` to `high`, both included."""

    __slots__ = ("high", "low")
    __match_args__ = ("low", "high")

    def __init__(self, low: int, high: int) -> None:
        self.low = low
        self.high = high


class Whole(_Bounded):
    """An integer from `low` to `high`, both included; a bool is none."""

    __slots__ = ()

    def read(self, value: object) -> int:
        """As FieldType."""
        if type(value) is not int or not self.low <= value <= self.high:
            raise MalformedError(f"a whole number from {self.low} to {self.high} is expected")
        return value

    def __get_pydantic_core_schema__(self, source: object, handler: object) -> dict[str, Any]:
        """As FieldType."""
        return {"type": "int", "strict": True, "ge": self.low, "le": self.high}


class Flag(FieldType):
    """True or false, and no number."""

    __slots__ = ()

    def read(self, value: object) -> bool:
        """As FieldType."""
        if type(value) is not bool:
            raise MalformedError("true or false is expected")
        return value

    def __get_pydantic_core_schema__(self, source: object, handler: object) -> dict[str, Any]:
        """As FieldType."""
        return {"type": "bool", "strict": True}


class Octets(_Bounded):
    """From `low` to `high` bytes."""

    __slots__ = ()

    def read(self, value: object) -> bytes:
        """As FieldType."""
        if type(value) is not bytes or not self.low <= len(value) <= self.high:
            raise MalformedError(f"{self.low} to {self.high} bytes are expected")
        return value

    def __get_pydantic_core_schema__(self, source: object, handler: object) -> dict[str, Any]:
        """As FieldType."""
        return {
            "type": "bytes",
            "strict": True,
            "min_length": self.low,
            "max_length": self.high,
        }


class Text(_Bounded):
    """A text of `low` to `high` bytes in UTF-8; a lone surrogate is no text."""

    __slots__ = ()

    def read(self, value: object) -> str:
        """As FieldType."""
        if type(value) is not str or not self.low <= len(_encoded(value)) <= self.high:
            raise MalformedError(f"a text of {self.low} to {self.high} bytes is expected")
        return value


class Parsed(FieldType):
    """A text that `parse` turns into a type that cannot be unsafe."""

    __slots__ = ("parse",)
    __match_args__ = ("parse",)

    def __init__(self, parse: Callable[[str], object]) -> None:
        self.parse = parse

    def read(self, value: object) -> object:
        """As FieldType."""
        if type(value) is not str:
            raise MalformedError("a text is expected")
        return self.parse(value)


class Id(FieldType):
    """The 16 bytes of an `EntryId`."""

    __slots__ = ()

    def read(self, value: object) -> EntryId:
        """As FieldType."""
        if type(value) is not bytes:
            raise MalformedError("an id is bytes")
        return EntryId(value)


class Rows(FieldType):
    """At most `high` rows, each a list of the fields of the dataclass `row`, in their order."""

    __slots__ = ("high", "row")
    __match_args__ = ("row", "high")

    def __init__(self, row: type, high: int) -> None:
        self.row = row
        self.high = high

    def read(self, value: object) -> tuple[object, ...]:
        """As FieldType."""
        if type(value) is not list or len(value) > self.high:
            raise MalformedError(f"a list of at most {self.high} rows is expected")
        columns = _columns(self.row)
        return tuple(self._read_row(columns, item) for item in value)

    def _read_row(self, columns: tuple[FieldType, ...], item: object) -> object:
        if type(item) is not list or len(item) != len(columns):
            raise MalformedError(f"a row of {len(columns)} fields is expected")
        return self.row(*(column.read(cell) for column, cell in zip(columns, item, strict=True)))


def read_fields(message: type[Message], values: Mapping[str, object]) -> Message:
    """Build a message from a map that has its fields, each of its type, and nothing else.

    Raise MalformedError otherwise. A field with a default may be left out.
    """
    declared = {field.name: field for field in fields(message)}
    if unknown := values.keys() - declared.keys():
        raise MalformedError(f"{len(unknown)} fields that {message.__name__} does not have")
    needed = {name for name, field in declared.items() if field.default is MISSING}
    if missing := needed - values.keys():
        raise MalformedError(f"{len(missing)} fields of {message.__name__} are missing")
    return message(**{name: field_type(declared[name].type).read(values[name]) for name in values})


@cache
def _columns(row: type) -> tuple[FieldType, ...]:
    # Kept: a batch has dozens of rows, and looking the types up costs more than reading a row.
    return tuple(field_type(field.type) for field in fields(row))


def field_type(annotation: object) -> FieldType:
    """Give the FieldType inside an `Annotated`; raise TypeError if there is none."""
    if get_origin(annotation) is Annotated:
        for extra in get_args(annotation)[1:]:
            if isinstance(extra, FieldType):
                return extra
    raise TypeError("a message's field is Annotated with its FieldType")


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise MalformedError("a lone surrogate is no text") from None
