"""What the name of a file says of its entry: the day, the time, and a title.

    2026-11-22.md   20261122 Lake.txt   2026-11-22_0730.md   2026-11-22 07.30.md   2026/11/22.txt

Rules: pure. What stands behind the day is a time if it can be nothing else: with a colon or an `h`
anywhere, behind a `T` anywhere, and otherwise at the end of the name, bare digits only behind `_`
or the hyphen of `20261122-0730`. `2000 words` is a title, as it stands; what might have been a time
is told as doubtful. A number that tells copies apart is no title, nor is the day's own weekday.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import PurePosixPath
from typing import Final

_MARKDOWN: Final = frozenset({".md", ".markdown"})
_ENDINGS: Final = _MARKDOWN | {".txt", ".text"}
_DAY: Final = re.compile(r"(\d{4})([-_.]?)(\d\d)\2(\d\d)(?!\d)", re.ASCII)
_PATH: Final = re.compile(r"(?:^|/)(\d{4})/(\d\d)/(?:\1-\2-)?(\d\d)\.[a-z]+$", re.ASCII)

_HOUR, _TWO = r"([01]\d|2[0-3])", r"([0-5]\d)"
_CLOCKS: Final = tuple(
    re.compile(pattern, re.ASCII)
    for pattern in (
        rf"[ T_-]+{_HOUR}[:h]{_TWO}(?::{_TWO})?(?!\d)",
        rf"[ _-]*T{_HOUR}[-.]?{_TWO}(?:[-.]?{_TWO})?(?![^\W_])",
        rf"[ _-]+{_HOUR}[-.]{_TWO}(?:[-.]{_TWO})?$",
        rf"_{_HOUR}{_TWO}{_TWO}?$",
    )
)
_COMPACT_CLOCK: Final = re.compile(rf"-{_HOUR}{_TWO}{_TWO}?$", re.ASCII)
_DOUBTFUL: Final = re.compile(r"[ _-]+(?:[01]\d|2[0-3])[-.]?[0-5]\d(?!\d)", re.ASCII)
_AROUND: Final = " \t_-–—.,;:"  # noqa: RUF001 - dashes of every length stand before titles
_COPY: Final = re.compile(r"\(?\d{1,2}\)?", re.ASCII)
_WEEKDAYS: Final = (
    *("monday", "tuesday", "wednesday", "thursday"),
    *("friday", "saturday", "sunday"),
)
_SHORT_WEEKDAY: Final = 3
_MORNING: Final = time(9)
"""For a file without a time; what `write` takes for a day without one."""


@dataclass(frozen=True, slots=True)
class FileName:
    """What a name says; `when` is naive, `is_doubtful` tells of digits in the title."""

    when: datetime
    title: str = ""
    has_time: bool = False
    is_doubtful: bool = False


def read_file_name(name: str) -> FileName | None:
    """Read a name, with `/` before it if it lies in a folder; None if it names no day."""
    path = PurePosixPath(name)
    in_name, in_path = _DAY.match(path.name), _PATH.search(name)
    if in_name:
        day, rest = _date(in_name[1], in_name[3], in_name[4]), path.stem[in_name.end() :]
        return None if day is None else _read_rest(day, rest, is_compact=not in_name[2])
    day = _date(*in_path.groups()) if in_path else None
    return None if day is None else FileName(at_day(day))


def at_day(day: date) -> datetime:
    """Give the time of an entry that has a day only."""
    return datetime.combine(day, _MORNING)


def is_dated(name: str) -> bool:
    """Tell whether a file of that name belongs into a folder of days."""
    return has_ending(name) and read_file_name(name) is not None


def has_ending(name: str) -> bool:
    """Tell whether a name is that of a text."""
    return PurePosixPath(name).suffix.lower() in _ENDINGS


def is_markdown(name: str) -> bool:
    """Tell whether a name is that of a Markdown text."""
    return PurePosixPath(name).suffix.lower() in _MARKDOWN


def _date(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def _read_rest(day: date, rest: str, *, is_compact: bool) -> FileName:
    rest = rest.rstrip()
    clocks = (*_CLOCKS, _COMPACT_CLOCK) if is_compact else _CLOCKS
    found = next(filter(None, (clock.match(rest) for clock in clocks)), None)
    if found is None:
        return FileName(at_day(day), _title(day, rest), is_doubtful=bool(_DOUBTFUL.match(rest)))
    hour, minute, second = (int(each or 0) for each in found.groups())
    moment = datetime.combine(day, time(hour, minute, second))
    return FileName(moment, _title(day, rest[found.end() :]), has_time=True)


def as_title(words: str) -> str:
    """Give words of a name as a text, without what stands around them, odd bytes written out."""
    return words.strip(_AROUND).encode(errors="backslashreplace").decode()


def _title(day: date, rest: str) -> str:
    title = as_title(rest)
    weekday = _WEEKDAYS[day.weekday()]
    is_weekday = title.lower() in {weekday, weekday[:_SHORT_WEEKDAY]}
    return "" if is_weekday or _COPY.fullmatch(title) else title
