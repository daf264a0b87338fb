"""Reads what Day One exports as JSON: the file, or the zip in which it comes.

Rules: the text is Markdown, in which Day One escapes punctuation; the escapes are taken away, but
not in code, where they are none. A mark of a photo is taken away, and nothing beside it. Tags stand
beside the text there; those that are not in it are added as a last line. An entry without a zone
that is known gets that of the import. A field that is of an odd type is left out, and its entry is
not. Photos and other attachments, places and the weather are not taken along. All of it is told.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import BinaryIO, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from diaryclient.formats.fences import outside_fences
from diaryclient.importing.archive import json_files
from diaryclient.importing.finding import Draft, Finding, Instant, Oddity
from diaryclient.importing.records import entries_of, fields_of, text_of
from diaryclient.importing.source import decode
from diaryclient.importing.tagging import UNUSABLE, tagged, usable_tags
from protocol.errors import MalformedError
from protocol.incoming import incoming_text
from protocol.messages.writing import MAX_LONG_TEXT_BYTES

_INLINE: Final = re.compile(
    r"""(?P<code>(?<!`)(?P<mark>`{1,9})(?!`)[^\n]{1,2000}?(?<!`)(?P=mark)(?!`))"""
    r"""|(?P<moment>!?\[[^\]\n]{0,99}\]\(dayone-moment:[^)\n]{0,99}\))"""
    r"""|\\(?P<escaped>[\\`*_{}\[\]()#+.!|<>~=^$&'":;,/?@%-])"""
)
_LONGEST: Final = 2 * MAX_LONG_TEXT_BYTES
"""Characters; what is longer is no entry without its escapes either."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_HOURS, _MINUTES = 24, 60
_OFFSET: Final = re.compile(r"(?:GMT|UTC|Z)?([+-])(\d\d?)(?::?(\d\d))?", re.ASCII | re.IGNORECASE)
_ATTACHED: Final = {
    "photos": "photo",
    "videos": "video",
    "audios": "audio",
    "pdfAttachments": "PDF",
}
"""What Day One attaches, by its key, as people say it."""

_LONGEST_NAME: Final = 60
_TYPES: Final[Mapping[str, type]] = {"text": str, "starred": bool, "tags": list}
"""Fields that an entry can be without."""

_NAMES: Final = ("md5", "filename", "identifier")
_BESIDE: Final = ("location", "weather")
NO_ZONE: Final = "without a time zone that is known, in that of --tz"


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
        zone = _zone(entry.get("timeZone"))
        when = _when(_moment(entry), zone)
    except (MalformedError, ValueError, OverflowError):
        yield Oddity(place, "is no entry", is_skipped=True)
        return
    if zone is None:
        yield Oddity(place, NO_ZONE)
    for key, kind in _TYPES.items():
        if not isinstance(entry.get(key), kind | None):
            yield Oddity(place, f"with `{key}` of a type unknown here, which is left out")
    names = entry.get("tags")
    tags, has_unusable = usable_tags(names if isinstance(names, list) else [])
    if has_unusable:
        yield Oddity(place, UNUSABLE)
    yield from _left_out(entry, place)
    written = entry.get("text")
    text = _plain(incoming_text(written)).strip() if isinstance(written, str) else ""
    yield Draft(place, when, tagged(text, tags), entry.get("starred") is True)


def _moment(entry: Mapping[str, object]) -> datetime:
    moment = datetime.fromisoformat(text_of(entry, "creationDate"))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _when(moment: datetime, zone: tzinfo | None) -> datetime | Instant:
    """Give a moment in its zone; raise OverflowError at the ends of the calendar."""
    return moment.astimezone(zone) if zone else Instant((moment - _EPOCH) // _MILLISECOND)


def _zone(name: object) -> tzinfo | None:
    """Find a zone by its name, also if that was escaped twice, or an offset as `GMT+0200`."""
    if not isinstance(name, str):
        return None
    try:
        return ZoneInfo(name.replace("\\/", "/"))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        found = _OFFSET.fullmatch(name)
    hours, minutes = (int(found[2]), int(found[3] or 0)) if found else (_HOURS, 0)
    if not found or hours >= _HOURS or minutes >= _MINUTES:
        return None
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if found[1] == "-" else offset)


def _plain(text: str) -> str:
    """Give a text without Day One's escapes and its marks of photos, but for what is code."""
    if len(text) > _LONGEST:
        return text
    pieces, place = list[str](), 0
    for start, end in outside_fences(text):
        pieces += [text[place:start], _INLINE.sub(_unescaped, text[start:end])]
        place = end
    return "".join(pieces)


def _unescaped(match: re.Match[str]) -> str:
    return match["code"] or match["escaped"] or ""


def _left_out(entry: Mapping[str, object], place: str) -> Iterator[Oddity]:
    """Tell of each attachment by its name, and of what else stands beside the text."""
    for key, kind in _ATTACHED.items():
        value = entry.get(key)
        for each in value if isinstance(value, list) else [value] * bool(value):
            yield Oddity(f"{place} {_name(each)}".strip(), f"left out: {kind}")
    if any(entry.get(key) for key in _BESIDE):
        yield Oddity(place, "place and weather are left out")


def _name(attachment: object) -> str:
    """Give `9a2d.jpeg`, as the file is called in the zip, or its name in Day One."""
    fields = attachment if isinstance(attachment, dict) else {}
    name = next((fields[key] for key in _NAMES if isinstance(fields.get(key), str)), "")
    kind = fields.get("type")
    is_file = name and "md5" in fields and isinstance(kind, str)
    return f"{name}.{kind}"[:_LONGEST_NAME] if is_file else name[:_LONGEST_NAME]
