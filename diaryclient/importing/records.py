"""Reads JSON: our own `jsonl` and `json`, and what jrnl exports as JSON.

Rules: of ours, `text` is the entry and `title` and `body` are ignored; `id`, `utc`, `offset` and
`starred` are kept as they are. jrnl knows neither zones nor seconds, and its texts are the title
and the body below it. An object that is no entry is an oddity, and the others are read.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from diaryclient.errors import SourceError
from diaryclient.importing.finding import Draft, Finding, Oddity
from protocol.errors import MalformedError
from protocol.identifiers import EntryId
from protocol.incoming import incoming_text
from protocol.stamp import Stamp, parse_stamp

_NOT_AN_ENTRY: Final = "is no entry"

MAX_VALUES: Final = 5_000_000
"""Brackets and commas, also in texts: ten megabytes of others have a million. Each can be a value,
which takes up two hundred bytes at most, while it is a few bytes in the file."""


def read_jsonl(text: str) -> Iterator[Finding]:
    """Read our `jsonl`: an object a line."""
    for number, line in enumerate(_lines(text), start=1):
        if line.strip():
            yield _read_line(line, f"line {number}")


def read_json(text: str) -> Iterator[Finding]:
    """Read our `json`; raise SourceError if it is not JSON with a list `entries`."""
    for number, value in enumerate(entries_of(text), start=1):
        yield _own_entry(value, f"entry {number}")


def read_jrnl_json(text: str) -> Iterator[Finding]:
    """Read what `jrnl --format json` prints; raise SourceError as `read_json`."""
    for number, value in enumerate(entries_of(text), start=1):
        yield _jrnl_entry(value, f"entry {number}")


def entries_of(text: str) -> list[object]:
    """Give the list `entries` of a JSON object; raise SourceError if there is none."""
    value = parse(text)
    entries = value.get("entries") if isinstance(value, dict) else None
    if not isinstance(entries, list):
        raise SourceError("it is JSON, but has no list `entries`")
    return entries


def parse(text: str) -> object:
    """Read JSON; raise SourceError, without a word of the text."""
    if sum(map(text.count, "[{,")) > MAX_VALUES:
        raise SourceError(f"it holds more than {MAX_VALUES} values; import it in parts")
    try:
        value: object = json.loads(text)
    except json.JSONDecodeError as error:
        raise SourceError(f"it is no JSON: line {error.lineno}, column {error.colno}") from None
    except (ValueError, RecursionError):
        raise SourceError("it is no JSON that a diary could hold") from None
    return value


def _lines(text: str) -> Iterator[str]:
    """Give a text's lines one by one; a list of them all would be a hundred times as large."""
    start = 0
    while (end := text.find("\n", start)) >= 0:
        yield text[start:end]
        start = end + 1
    yield text[start:]


def _read_line(line: str, place: str) -> Finding:
    try:
        return _own_entry(parse(line), place)
    except SourceError:
        return Oddity(place, _NOT_AN_ENTRY, is_skipped=True)


def _own_entry(value: object, place: str) -> Finding:
    try:
        entry = fields_of(value)
        utc, offset = text_of(entry, "utc"), text_of(entry, "offset")
        zone = parse_stamp(f"2000-01-01T00:00:00.000{offset}").off
        return Draft(
            place,
            Stamp(parse_stamp(f"{utc.removesuffix('Z')}+00:00").at, zone),
            text_of(entry, "text") if "text" in entry else _joined(entry),
            flag_of(entry, "starred"),
            EntryId(bytes.fromhex(text_of(entry, "id"))),
        )
    except (MalformedError, ValueError):
        return Oddity(place, _NOT_AN_ENTRY, is_skipped=True)


def _jrnl_entry(value: object, place: str) -> Finding:
    try:
        entry = fields_of(value)
        moment = f"{text_of(entry, 'date')}T{text_of(entry, 'time')}"
        when = datetime.fromisoformat(moment).replace(tzinfo=None)
        return Draft(place, when, incoming_text(_joined(entry)), flag_of(entry, "starred"))
    except (MalformedError, ValueError):
        return Oddity(place, _NOT_AN_ENTRY, is_skipped=True)


def fields_of(value: object) -> Mapping[str, object]:
    """Give an object's fields; raise MalformedError for anything else."""
    if not isinstance(value, dict):
        raise MalformedError(_NOT_AN_ENTRY)
    return value


def text_of(entry: Mapping[str, object], key: str) -> str:
    """Give a field that is a text; raise MalformedError if it is missing or something else."""
    value = entry.get(key)
    if not isinstance(value, str):
        raise MalformedError(f"{key} is a text")
    return value


def flag_of(entry: Mapping[str, object], key: str) -> bool:
    """Give a field that is true or false, false if it is missing; raise MalformedError."""
    value = entry.get(key, False)
    if not isinstance(value, bool):
        raise MalformedError(f"{key} is true or false")
    return value


def _joined(entry: Mapping[str, object]) -> str:
    title, body = text_of(entry, "title"), text_of(entry, "body")
    return f"{title}\n{body}" if body else title
