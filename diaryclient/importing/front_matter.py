"""Reads front matter: lines of YAML between `---`, before the text of a Markdown file.

Rules: a date, a title and tags are taken; what else stands there is left out, which is told. Values
are what was typed: the loader makes nothing but texts, lists and mappings of YAML, whatever a file
demands, so that `title: no` is a title. It is imported for a file that has front matter.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from diaryclient.importing.tagging import UNUSABLE, usable_tags

LONGEST: Final = 1 << 14
"""Characters; what is longer is text. People have some hundred, and YAML is read slowly."""

_OPEN: Final = re.compile(r"\A---[ \t]*\n")
_CLOSE: Final = re.compile(r"^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.MULTILINE)
_KEYED: Final = re.compile(r"\A(?:[ \t]*(?:#[^\n]*)?\n)*[\"']?[\w-]+[\"']?[ \t]*:(?:[ \t]|\n|\Z)")
"""How a mapping begins; else the lines are a text between two rulers."""

_SPACED_ZONE: Final = re.compile(r"[ \t]+(?=(?:Z|[+-]\d\d:?\d\d)\Z)", re.ASCII)
_DAY_ALONE: Final = re.compile(r"\d{4}-?\d\d-?\d\d", re.ASCII)
_TAKEN: Final = ("date", "title", "tags")

LEFT_OUT: Final = "with more front matter than date, title and tags, which is left out"
UNREADABLE: Final = "with front matter that cannot be read, which is left out"
UNKNOWN_DATE: Final = "with a date in its front matter in a form unknown here, which is left out"


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """What stands before a text that begins at `end`; `when` is a day, or a moment.

    `told`: what was left out of it, as words of an oddity.
    """

    end: int
    when: datetime | date | None = None
    title: str = ""
    tags: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)


def read_front_matter(text: str) -> FrontMatter | None:
    """Read what stands before a text; None if it has none."""
    opened = _OPEN.match(text)
    closed = _CLOSE.search(text, opened.end(), LONGEST) if opened else None
    if not opened or not closed:
        return None
    content = text[opened.end() : closed.start()]
    if not _KEYED.match(content):
        return FrontMatter(closed.end()) if not content.strip() else None
    values = _values(content)
    if values is None:
        return FrontMatter(closed.end(), told=[UNREADABLE])
    return _taken(values, closed.end())


def _values(content: str) -> Mapping[object, object] | None:
    import yaml  # noqa: PLC0415 - few files have it

    try:
        values = yaml.BaseLoader(content).get_single_data()
    except (yaml.YAMLError, RecursionError, ValueError):
        return None
    return values if isinstance(values, dict) else None


def _taken(values: Mapping[object, object], end: int) -> FrontMatter:
    told = set[str]()
    by_key = {key.lower(): value for key, value in values.items() if isinstance(key, str)}
    if any(value not in ("", [], {}) for key, value in by_key.items() if key not in _TAKEN):
        told.add(LEFT_OUT)
    moment, title = by_key.get("date", ""), by_key.get("title", "")
    when = _moment(moment) if isinstance(moment, str) else None
    if moment and when is None:
        told.add(UNKNOWN_DATE)
    if not isinstance(title, str):
        title = ""
        told.add(LEFT_OUT)
    tags, has_unusable = usable_tags(_names(by_key.get("tags", "")))
    if has_unusable:
        told.add(UNUSABLE)
    return FrontMatter(end, when, " ".join(title.split()), tags, sorted(told))


def _moment(words: str) -> datetime | date | None:
    words = _SPACED_ZONE.sub("", words.strip())
    try:
        if _DAY_ALONE.fullmatch(words):
            return date.fromisoformat(words)
        return datetime.fromisoformat(words)
    except ValueError:
        return None


def _names(value: object) -> list[object]:
    """Give the names of a list, or of words in a row, which have commas between or blanks."""
    if isinstance(value, str):
        return [*(value.split(",") if "," in value else value.split())]
    return value if isinstance(value, list) else [value]
