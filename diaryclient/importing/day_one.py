"""Reads what Day One exports as JSON: the file, or the zip in which it comes.

Rules: the text is Markdown, in which Day One escapes punctuation; the escapes are taken away. Tags
stand beside the text there; those that are not in it are added as a last line. Photos and other
attachments, places and the weather are not taken along, which is told for each entry.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import BinaryIO, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from diaryclient.importing.archive import json_files
from diaryclient.importing.finding import Draft, Finding, Oddity
from diaryclient.importing.records import entries_of, fields_of, flag_of, text_of
from diaryclient.importing.source import decode
from diaryclient.importing.tagging import UNUSABLE, tagged, usable_tags
from protocol.errors import MalformedError
from protocol.incoming import incoming_text

_ESCAPED: Final = re.compile(r"""\\([\\`*_{}\[\]()#+.!|<>~=^$&'":;,/?@%-])""")
_MOMENT: Final = re.compile(r"!\[[^\]\n]{0,99}\]\(dayone-moment:[^)\n]{0,99}\)[ \t]*\n?")
_ATTACHED: Final = ("photos", "videos", "audios", "pdfAttachments")
_BESIDE: Final = ("location", "weather")


def read_day_one(text: str) -> Iterator[Finding]:
    """Read a JSON file; raise SourceError if there are no entries."""
    return _read_journal(text, "")


def read_day_one_zip(file: BinaryIO) -> Iterator[Finding]:
    """Read all JSON files in a zip; raise SourceError if one of them is damaged, OSError."""
    for name, content in json_files(file):
        yield from _read_journal(decode(content), f"{name} ")


def _read_journal(text: str, prefix: str) -> Iterator[Finding]:
    for number, value in enumerate(entries_of(text), start=1):
        yield from _read_entry(value, f"{prefix}entry {number}")


def _read_entry(value: object, place: str) -> Iterator[Finding]:
    try:
        entry = fields_of(value)
        when = _moment(entry)
        written = incoming_text(text_of(entry, "text")) if "text" in entry else ""
        text = _ESCAPED.sub(r"\1", _MOMENT.sub("", written))
        starred = flag_of(entry, "starred")
    except (MalformedError, ValueError, OverflowError):
        yield Oddity(place, "is no entry", is_skipped=True)
        return
    if any(entry.get(key) for key in _ATTACHED):
        yield Oddity(place, "photos and other attachments are left out")
    if any(entry.get(key) for key in _BESIDE):
        yield Oddity(place, "place and weather are left out")
    names = entry.get("tags")
    tags, unusable = usable_tags(
        each for each in (names if isinstance(names, list) else []) if isinstance(each, str)
    )
    if unusable:
        yield Oddity(place, UNUSABLE)
    yield Draft(place, when, tagged(text.strip(), tags), starred)


def _moment(entry: Mapping[str, object]) -> datetime:
    moment = datetime.fromisoformat(text_of(entry, "creationDate"))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    zone = entry.get("timeZone")
    if not isinstance(zone, str):
        return moment
    try:
        return moment.astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return moment
