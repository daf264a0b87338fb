"""The days and times that may stand before a text, as in `yesterday at 3pm: Met Bob.`: a grammar.

    when = day / time / day [","] ["at"] time / time day
    day  = YYYY-MM-DD / today / yesterday / ["last"] weekday
         / 今天 / 昨天 / 前天 / ["上"] (周 / 星期 / 礼拜) 一..日
    time = HH:MM[:SS] / HH[:MM] am / HH[:MM] pm / [下午 and the like] H 点 [MM 分 / 半]

Rules: pure; the words must fit as a whole, or they are no time and mean nothing here. Case and the
width of characters do not matter. A day of the week is the latest one that is not ahead. A day
without a time means nine o'clock, today now. An ISO time may carry its offset.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from typing import Final

LONGEST: Final = 48
"""Characters before the colon; the longest that fits, with blanks to spare."""

_SEPARATOR: Final = re.compile(r":(?=\s)|(?<!\d)：|：(?!\d)")  # noqa: RUF001 - Chinese colons
_DAYS_AGO: Final = {"today": 0, "yesterday": 1, "今天": 0, "昨天": 1, "前天": 2}
_WEEKDAYS: Final = "mon", "tue", "wed", "thu", "fri", "sat", "sun"
_CHINESE_WEEKDAYS: Final = {each: place for place, each in enumerate("一二三四五六日")} | {"天": 6}
_CHINESE_NUMBERS: Final = {each: number for number, each in enumerate("零一二三四五六七八九十")} | {
    "两": 2,
    "十一": 11,
    "十二": 12,
}
_DAY: Final = re.compile(
    r"(?P<iso>\d{4}-\d\d-\d\d)"
    r"|(?P<near>today|yesterday|今天|昨天|前天)"
    r"|(?P<last>last\s+)?"
    r"(?P<weekday>mon(day)?|tue(s(day)?)?|wed(nesday)?|thu(rs(day)?)?|fri(day)?|sat(urday)?|sun(day)?)"
    r"|(?P<before>上)?(周|星期|礼拜)(?P<chinese>[一二三四五六日天])",
    re.ASCII,
)
_TIME: Final = re.compile(
    r"(?P<part>凌晨|早上|上午|中午|下午|晚上)?\s*"
    r"(?:(?P<oclock>\d\d?|十[一二]?|[零一二两三四五六七八九])点"
    r"(?:(?P<past>\d\d?)分?|(?P<thirty>半))?"
    r"|(?P<hour>\d\d?)(?::(?P<minute>\d\d)(?::(?P<second>\d\d))?)?\s*(?P<half>[ap]m)?)"
    r"(?P<offset>z|[+-]\d\d:?\d\d)?",
    re.ASCII,
)
_BETWEEN: Final = re.compile(r"t(?=\d)|\s*,?\s*(at\s+)?")
_NOON: Final = 12
_MORNING: Final = time(9)
"""For a day without a time; jrnl's choice too."""

_AFTERNOON: Final = frozenset({"pm", "下午", "晚上"})
_TWELVE: Final = {"am": 0, "凌晨": 0, "pm": 12, "下午": 12, "中午": 12}
"""What twelve o'clock means; with other words it is no time of that day."""


@dataclass(frozen=True, slots=True)
class _Time:
    clock: time
    offset: timezone | None


@dataclass(frozen=True, slots=True)
class When:
    """Words that fit the grammar; what they mean depends on when they are said."""

    _day: "re.Match[str] | None"
    _time: _Time | None

    def day(self, today: date) -> date | None:
        """Give the day that is named, said on `today`; None if only a time is."""
        if self._day is None:
            return None
        return _named_day(self._day, today)

    def wall(self, now: datetime) -> datetime | None:
        """Give the moment by the wall clock of `now`, which is naive; None means just now.

        Aware only if the words carry an offset of their own.
        """
        day = self.day(now.date()) or now.date()
        if self._time is None:
            return None if day == now.date() else datetime.combine(day, _MORNING)
        moment = datetime.combine(day, self._time.clock, self._time.offset)
        names_weekday = self._day is not None and (self._day["weekday"] or self._day["chinese"])
        return moment - timedelta(days=7) if names_weekday and moment > now else moment


def split_prefix(text: str) -> tuple[When, str] | None:
    """Give the time before the first colon and the text after it; None if there is no such time.

    The colon is followed by blank space, or is a Chinese one that stands between no two digits.
    """
    separator = _SEPARATOR.search(text, 0, LONGEST + 2)
    if separator is None or separator.start() > LONGEST:
        return None
    when = parse_when(text[: separator.start()])
    rest = text[separator.end() :].lstrip()
    return (when, rest) if when and rest else None


def parse_when(words: str) -> When | None:
    """Read words; None if they do not fit as a whole."""
    text = unicodedata.normalize("NFKC", words).strip().lower()
    if "\n" in text or len(text) > LONGEST:
        return None
    day = _DAY.match(text)
    if day is None:
        return _time_first(text)
    if not _is_in_calendar(day):
        return None
    if day.end() == len(text):
        return When(day, None)
    between = _BETWEEN.match(text, day.end())
    if between is None or not _separates(text, between, day):
        return None
    clock = _parse_time(text[between.end() :])
    return When(day, clock) if clock and (day["iso"] or not clock.offset) else None


def _time_first(text: str) -> When | None:
    text = text.removeprefix("at ").lstrip()
    found = _TIME.match(text)
    clock = _parse_time(found[0]) if found else None
    if found is None or clock is None or clock.offset:
        return None
    if found.end() == len(text):
        return When(None, clock)
    day = _DAY.fullmatch(text[found.end() :].lstrip())
    has_space = text[found.end()].isspace() or found[0].endswith(" ")
    return When(day, clock) if day and has_space and _is_in_calendar(day) else None


def _separates(text: str, between: re.Match[str], day: re.Match[str]) -> bool:
    if between[0] == "t":
        return bool(day["iso"])
    # Chinese is written without spaces.
    return bool(between[0]) or not text[day.end() - 1].isascii() or not text[day.end()].isascii()


def _is_in_calendar(day: re.Match[str]) -> bool:
    try:
        return day["iso"] is None or bool(date.fromisoformat(day["iso"]))
    except ValueError:
        return False


def _parse_time(text: str) -> _Time | None:
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    half = found["part"] or found["half"]
    if (found["part"] and found["half"]) or not (
        found["minute"] or found["oclock"] or found["half"]
    ):
        return None
    hour = _hour(found["hour"] or found["oclock"], half)
    minute = 30 if found["thirty"] else int(found["minute"] or found["past"] or 0)
    try:
        return _Time(time(hour, minute, int(found["second"] or 0)), _parse_offset(found["offset"]))
    except ValueError:
        return None


def _hour(text: str, half: str | None) -> int:
    """Give the hour of the day, or one that no day has."""
    hour = int(text) if text.isdigit() else _CHINESE_NUMBERS[text]
    if half is None:
        return hour
    if half.isascii() and not 1 <= hour <= _NOON:
        return -1
    if hour == _NOON:
        return _TWELVE.get(half, -1)
    if half in _AFTERNOON or (half == "中午" and hour == 1):
        return hour + _NOON if hour < _NOON else hour
    return hour


def _parse_offset(text: str | None) -> timezone | None:
    if text is None:
        return None
    return datetime.strptime(text.upper(), "%z").tzinfo  # type: ignore[return-value]


def _named_day(day: re.Match[str], today: date) -> date:
    if day["iso"]:
        return date.fromisoformat(day["iso"])
    if day["near"]:
        return today - timedelta(days=_DAYS_AGO[day["near"]])
    if day["weekday"]:
        ago = (today.weekday() - _WEEKDAYS.index(day["weekday"][:3])) % 7
        return today - timedelta(days=ago or 7 * bool(day["last"]))
    ago = today.weekday() - _CHINESE_WEEKDAYS[day["chinese"]]
    return today - timedelta(days=ago + 7 if day["before"] else ago % 7)
