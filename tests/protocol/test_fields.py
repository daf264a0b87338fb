"""Both readers of a message, ours and pydantic, are strict and say the same."""

import subprocess
import sys
from collections.abc import Callable
from typing import Annotated, Any, Final, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from protocol.errors import MalformedError
from protocol.fields import Flag, Octets, Parsed, Rows, Text, Whole, field_type, read_fields
from protocol.identifiers import MAX_MILLISECONDS
from protocol.messages.account import Grant, Identity, Ping, Whoami
from protocol.messages.base import Message, Refusal
from protocol.messages.diary import Chunk, Clear, Cleared, DayList, Days, Read
from protocol.messages.forms import LoginForm
from protocol.messages.writing import LAST_MILLISECONDS, MIN_MILLISECONDS, Put, Stored
from tests.protocol.strategies import any_value
from tests.protocol.totality import attempt, is_refused

Values: TypeAlias = dict[str, Any]
Reader: TypeAlias = Callable[[type[Message], Values], Message]

DAY: Final = "2026-11-22"
ROOT: Final = bytes(32)
VALID: Final[dict[type[Message], Values]] = {
    Put: {"at": 1, "off": 480, "text": "a", "star": True},
    Days: {"first": DAY, "last": DAY, "pad": b"\0"},
    Read: {"day": DAY, "generation": 0, "offset": 5, "pad": b""},
    Clear: {"day": DAY, "generation": 3},
    Whoami: {},
    Ping: {},
    Stored: {"day": DAY, "dup": False},
    DayList: {"rows": [[DAY, 0, 1, 2]], "more": True},
    Chunk: {"data": b"x", "size": 1},
    Cleared: {"name": "x"},
    Identity: {"user": "alice", "scopes": "full", "expires": 0, "time": 1},
    Refusal: {"code": "BUSY", "note": "", "time": 0},
    Grant: {
        "kid": bytes(8),
        "root": ROOT,
        "expires": 0,
        "scopes": "read write",
        "lowest": 1,
        "time": 0,
    },
    LoginForm: {
        "user": "alice",
        "password": "p",
        "invite": b"",
        "key": ROOT,
        "label": "l",
        "scopes": "full",
        "lifetime": 0,
        "lowest": 1,
        "highest": 15,
    },
}
OPTIONAL: Final = {(Put, "star"), (Days, "pad"), (Read, "pad")}
WRONG: Final[tuple[object, ...]] = (
    None,
    True,
    1,
    1.0,
    float("nan"),
    "7",
    "",
    b"7",
    [],
    ["x"],
    {},
    {"a": 1},
    (),
    2**70,
)
ADAPTERS: Final = {message: TypeAdapter(message) for message in VALID}


def by_pydantic(message: type[Message], values: Values) -> Message:
    """Read as the server's door does."""
    try:
        return ADAPTERS[message].validate_python(values)
    except ValidationError as error:
        raise MalformedError(str(error.error_count())) from None


READERS: Final = (read_fields, by_pydantic)
both_readers = pytest.mark.parametrize("read", READERS, ids=["ours", "pydantic"])
every_field = pytest.mark.parametrize(
    ("message", "name"),
    [(message, name) for message, values in VALID.items() for name in values],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)


@both_readers
@pytest.mark.parametrize("message", VALID)
def test_the_examples_are_valid(read: Reader, message: type[Message]) -> None:
    """Or the tests that spoil one field each would prove nothing."""
    assert isinstance(read(message, VALID[message]), message)


@both_readers
@every_field
def test_no_value_is_converted(read: Reader, message: type[Message], name: str) -> None:
    """A bool is no number, a number no bool, bytes are no text, and nothing else is coerced."""
    expected = type(VALID[message][name])
    for wrong in WRONG:
        if type(wrong) is not expected:
            assert is_refused(read, message, VALID[message] | {name: wrong})


@both_readers
@every_field
def test_a_field_may_be_missing_only_with_a_default(
    read: Reader, message: type[Message], name: str
) -> None:
    """The star of a put and the padding of readers; nothing else."""
    values = {key: value for key, value in VALID[message].items() if key != name}
    assert is_refused(read, message, values) == ((message, name) not in OPTIONAL)


@both_readers
@pytest.mark.parametrize("message", VALID)
def test_an_unknown_field_is_refused(read: Reader, message: type[Message]) -> None:
    """Also one that a dataclass or a method happens to have a name for."""
    for name in ("extra", "", "self", "__class__", "__slots__", "op", "Text", "naïve"):
        assert is_refused(read, message, VALID[message] | {name: 1})


BOUNDS: Final[list[tuple[type[Message], str, list[Any], list[Any]]]] = [
    (Put, "at", [MIN_MILLISECONDS, LAST_MILLISECONDS], [MIN_MILLISECONDS - 1, 2**63, -(2**63)]),
    (Put, "at", [0, -1], [LAST_MILLISECONDS + 1]),
    (Put, "off", [-1080, 1080], [-1081, 1081]),
    (Put, "text", ["a" * 2**18, "é" * 2**17, "今" * 87381 + "a", "😀" * 2**16, "\0"], [""]),
    (Put, "text", ["\n", " "], ["a" * (2**18 + 1), "é" * 2**17 + "a", "今" * 87382, "\ud800"]),
    (Days, "first", ["0001-01-01", "9999-12-31"], ["", "2026-02-29", "2026-11-22\n", "0000-01-01"]),
    (Days, "pad", [b"", bytes(400)], [bytes(401)]),
    (Read, "generation", [0, 2**32 - 1], [-1, 2**32]),
    (Read, "offset", [0, 2**48], [-1, 2**48 + 1]),
    (DayList, "rows", [[], [[DAY, 0, 0, 0]] * 30], [[[DAY, 0, 0, 0]] * 31, [[DAY, 0, 0]]]),
    (DayList, "rows", [], [[[DAY, 0, 0, 0, 0]], [[DAY, True, 0, 0]], [(DAY, 0, 0, 0)], [DAY]]),
    (Chunk, "data", [b"", bytes(1040)], [bytes(1041)]),
    (Cleared, "name", ["a" * 80], ["", "a" * 81]),
    (Identity, "user", ["a" * 32], ["", "Alice", "alice\n", "a/b", "a" * 33]),
    (Identity, "scopes", ["full read write", "read"], ["", "any", "write read", "read read"]),
    (Identity, "scopes", [], ["read  write", " read", "read\n", "read,write", "READ"]),
    (Identity, "expires", [0, MAX_MILLISECONDS], [-1, MAX_MILLISECONDS + 1]),
    (Refusal, "code", ["STALE"], ["OK", "", "busy", "NEW", "BUSY\n"]),
    (Refusal, "note", ["", "é" * 60], ["é" * 60 + "a"]),
    (Grant, "kid", [b"12345678"], [b"", bytes(7), bytes(9)]),
    (Grant, "root", [bytes(32)], [b"", bytes(31), bytes(33)]),
    (LoginForm, "password", ["$ * % # \n", "p" * 256], ["", "p" * 257]),
    (LoginForm, "invite", [b"", bytes(16)], [bytes(17)]),
    (LoginForm, "label", ["l" * 64], ["", "l" * 65]),
    (LoginForm, "lowest", [1, 15], [0, 16]),
]


@both_readers
@pytest.mark.parametrize(("message", "name", "inside", "outside"), BOUNDS)
def test_bounds_are_where_the_message_says(
    read: Reader, message: type[Message], name: str, inside: list[Any], outside: list[Any]
) -> None:
    """The bound itself passes, one more does not; texts are measured in bytes."""
    for value in inside:
        assert not is_refused(read, message, VALID[message] | {name: value})
    for value in outside:
        assert is_refused(read, message, VALID[message] | {name: value})


@given(st.sampled_from(list(VALID)), st.data())
def test_both_readers_say_the_same(message: type[Message], data: st.DataObject) -> None:
    """Whatever a map holds, client and server read the same message or both refuse it."""
    spoiled = data.draw(st.dictionaries(st.sampled_from([*VALID[message], "x"]), any_value))
    values = VALID[message] | spoiled
    ours, theirs = (attempt(read, message, values) for read in READERS)
    assert ours == theirs


@pytest.mark.parametrize("field", [Whole(0, 1), Flag(), Octets(0, 1), Text(0, 1), Parsed(str)])
def test_a_field_is_found_in_its_annotation(field: object) -> None:
    """Beside whatever else stands there."""
    assert field_type(Annotated[int, "a remark", field]) is field


@pytest.mark.parametrize(
    "annotation", [int, Annotated[int, "a remark"], Annotated[int, Rows]], ids=str
)
def test_an_annotation_without_a_field_is_a_mistake(annotation: object) -> None:
    """It shows when the message is first read, not as a silently unchecked field."""
    with pytest.raises(TypeError):
        field_type(annotation)


def test_a_mistake_in_a_parser_is_not_taken_for_a_missing_field() -> None:
    """Only MalformedError means that the sender was wrong."""

    def broken(_: str) -> object:
        raise TypeError("ours")

    with pytest.raises(TypeError, match="ours"):
        Parsed(broken).read("x")


def test_the_client_pays_for_no_pydantic() -> None:
    """Importing the whole protocol loads neither pydantic nor anything of the server."""
    program = (
        "import pkgutil, sys, importlib, protocol\n"
        "for module in pkgutil.iter_modules(protocol.__path__):\n"
        "    importlib.import_module('protocol.' + module.name)\n"
        "sys.exit(any(name.split('.')[0] in {'pydantic', 'diaryserver'} for name in sys.modules))\n"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
