"""docs/PROTOCOL.md says what the code does: its tables of fields, bounds, codes and kinds."""

import json
import re
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Final

import pytest

from protocol.address import DEFAULT_PORT
from protocol.dayfile import Foreign, parse_day_file
from protocol.envelope import MAX_DATAGRAM, MIN_DATAGRAM, OVERHEAD, Kind
from protocol.errors import ErrorCode
from protocol.fields import FieldType, Flag, Id, Octets, Parsed, Rows, Text, Whole, field_type
from protocol.identifiers import MAX_MILLISECONDS, USERNAME_PATTERN, Day, Username
from protocol.invite import MAX_WORD
from protocol.messages.account import Grant
from protocol.messages.base import MAX_SKEW_MILLISECONDS, Message, Refusal, parse_code, parse_scopes
from protocol.messages.batch import parse_result
from protocol.messages.forms import LoginForm, PasswordForm, RenewalForm
from protocol.messages.table import OPERATIONS, Operation
from protocol.offer import CHECKSUM_KEY
from protocol.tokenword import MAX_TOKEN_WORD

DOCUMENT: Final = (Path(__file__).parents[2] / "docs" / "PROTOCOL.md").read_text(encoding="utf-8")
VECTORS: Final = Path(__file__).parents[1] / "golden" / "v1"
WHOLE: Final = {"cut.json", "dayfile.json", "dayfile_changes.json", "dayfile_foreign.json"}
"""Files that are one vector; the others name each of theirs."""

PARSED: Final[dict[object, str]] = {
    Day: "day",
    Username: "user",
    parse_scopes: "scopes",
    parse_code: "code",
    parse_result: "result",
}


SAME_REPLY: Final = {
    "remove": "`amend`",
    "restore": "`amend`",
    "ping": "`whoami`",
    "mint": "GRANT",
}


def section(heading: str) -> str:
    """Give what stands under a heading, up to the next one."""
    pattern = rf"^#+ {re.escape(heading)}.*?\n(.*?)(?=^#|\Z)"
    found = re.search(pattern, DOCUMENT, re.MULTILINE | re.DOTALL)
    assert found, heading
    return found[1]


def tables(text: str) -> list[list[tuple[str, ...]]]:
    """Give the tables of a text, each as its rows without the two of the head."""
    found = re.findall(r"(?:^\|.*\|\n)+", text, re.MULTILINE)
    return [
        [tuple(cell.strip() for cell in row.strip("|").split("|")) for row in table.splitlines()][
            2:
        ]
        for table in found
    ]


def named(field: FieldType) -> str:
    """Give a type as the document names it."""
    match field:
        case Whole(0, high) if high == MAX_MILLISECONDS:
            name = "moment"
        case Whole(low, high):
            name = f"integer {low} to {high}"
        case Id():
            name = "id"
        case Flag():
            name = "boolean"
        case Octets(low, high):
            name = f"{low} bytes" if low == high else f"{low} to {high} bytes"
        case Text(low, high):
            name = f"text, {low} to {high} bytes"
        case Rows(_, high):
            name = f"list of at most {high} rows"
        case Parsed(parse):
            name = PARSED[parse]
        case _:
            raise TypeError(field)
    return name


def declared(message: type) -> list[tuple[str, ...]]:
    """Give a message's table as the document must have it."""
    defaults = {MISSING: "", False: "false", b"": "empty", "": "empty"}
    return [
        (item.name, named(field_type(item.type)), defaults[item.default])
        for item in fields(message)
    ]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda row: row.name)
def test_every_operation_is_described(operation: Operation) -> None:
    """With its scope, its fields, their bounds and its reply."""
    text = section(operation.name)
    found = tables(text)
    assert f"Scope: {operation.scope}." in text
    if fields(operation.request):
        assert found.pop(0) == declared(operation.request)
    if operation.name in SAME_REPLY:
        assert f"Same reply as {SAME_REPLY[operation.name]}." in text
    elif fields(operation.reply):
        assert found.pop(0) == declared(operation.reply)
    else:
        assert "OK reply has no further fields." in text
    rows = [
        declared(kind.row)
        for message in (operation.request, operation.reply)
        for kind in (field_type(item.type) for item in fields(message))
        if isinstance(kind, Rows)
    ]
    assert found == rows


def test_the_table_of_operations_is_the_protocols() -> None:
    """Scope and padding of each; what is counted is for the server's tests to compare."""
    [rows] = tables(section("Requests"))[1:]
    assert [row[:2] + row[3:4] for row in rows] == [
        (
            operation.name,
            str(operation.scope),
            "yes" if "pad" in {item.name for item in fields(operation.request)} else "no",
        )
        for operation in OPERATIONS
    ]
    padded = re.search(r"\*\*Padding\.\*\* A reply to (.*?) has at most", DOCUMENT, re.DOTALL)
    assert padded
    assert set(re.findall(r"`(\w+)`", padded[1])) == {row[0] for row in rows if row[3] == "yes"}


def test_no_operation_is_described_that_does_not_exist() -> None:
    """The sections between "Requests" and "Refusals" are the table of operations."""
    between = DOCUMENT.split("\n## Requests\n")[1].split("\n## Refusals\n")[0]
    assert re.findall(r"^### (\w+)$", between, re.MULTILINE) == [row.name for row in OPERATIONS]


@pytest.mark.parametrize(
    ("heading", "message"),
    [
        ("Refusals", Refusal),
        ("LOGIN (kind 12", LoginForm),
        ("Renewal", RenewalForm),
        ("Changing the password", PasswordForm),
        ("GRANT (kind 13", Grant),
    ],
)
def test_the_other_messages_are_described(heading: str, message: type[Message]) -> None:
    """Refusal, form and grant."""
    assert declared(message) in tables(section(heading))


def test_every_code_is_explained() -> None:
    """All but OK, each once."""
    codes = [row[0] for row in tables(section("Refusals"))[1]]
    assert sorted(codes) == sorted(code for code in ErrorCode if code is not ErrorCode.OK)


def test_every_kind_is_in_the_layout() -> None:
    """With its number."""
    numbers = {kind: int(kind) for kind in Kind}
    layout = section("The envelope")
    for kind, number in numbers.items():
        name = kind.name.lower() if number < 10 else kind.name
        assert f"{number} {name}" in layout


def test_the_numbers_of_the_text_are_those_of_the_code() -> None:
    """Sizes, times, patterns, the published key."""
    assert f"{MIN_DATAGRAM} to {MAX_DATAGRAM} bytes" in DOCUMENT
    assert f"the datagram's length minus {OVERHEAD}" in DOCUMENT
    assert f"at most {MAX_MILLISECONDS}" in DOCUMENT
    assert f"within {MAX_SKEW_MILLISECONDS / 1000:g} s" in DOCUMENT
    assert f"The default port is {DEFAULT_PORT}." in DOCUMENT
    assert f"    {CHECKSUM_KEY.decode()}\n" in DOCUMENT
    assert f"`{USERNAME_PATTERN}`" in DOCUMENT
    assert f"longer than {MAX_WORD} letters" in DOCUMENT
    assert f"longer than {MAX_TOKEN_WORD} letters" in DOCUMENT


def test_the_examples_of_the_day_file_are_records() -> None:
    """For this reader too."""
    block = DOCUMENT.split("For example (the second text")[1].split("\n\n", 2)[1]
    data = "".join(f"{line[4:]}\n" for line in block.splitlines()).encode()
    parsed = parse_day_file(data)
    assert len(parsed) == 3
    assert not any(isinstance(item, Foreign) for item in parsed)


def test_every_file_of_vectors_is_listed() -> None:
    """And no other; a name stands in backticks."""
    files = {path.name for path in VECTORS.iterdir()}
    listed = [name for row in tables(section("Test vectors"))[0] for name in row[0].split(", ")]
    assert sorted(listed) == sorted(f"`{name}`" for name in files)


def names_in(value: object) -> set[str]:
    """Give the names of fields of vectors, which may lie in each other."""
    if isinstance(value, list):
        return set().union(*map(names_in, value))
    if not isinstance(value, dict) or set(value) == {"hex"}:
        return set()
    return set(value) | set().union(*map(names_in, value.values()))


def test_every_name_in_the_vectors_is_in_the_document() -> None:
    """As a word of it, so that nobody has to guess what a value is."""
    names: set[str] = set()
    for path in VECTORS.iterdir():
        top = json.loads(path.read_text(encoding="utf-8"))
        cases = [top] if path.name in WHOLE else list(top.values())
        if path.name == "negative.json":
            cases = [case for group in cases for case in group.values()]
        names |= set().union(*map(names_in, cases))
    words = set(re.findall(r"[\w-]+", DOCUMENT))
    assert {name for name in names if name not in words} == set()
