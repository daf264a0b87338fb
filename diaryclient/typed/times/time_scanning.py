"""Cuts typed words for a time into tokens: shapes of digits, and the words of one language.

Rules: pure. All of the text becomes tokens, or none of it. The longest word or shape at a place is
the one that counts. A token has a meaning for each kind of thing that it may be, and a meaning is
numbers: `2026-11-22` is ISO (2026, 11, 22), `sept` in French MONTH (9,) and NUMBER (7,). Case,
accents and the width of characters do not matter.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Final, NamedTuple, TypeAlias

from diaryclient.typed.times.time_languages import LANGUAGES, Language

LONGEST: Final = 100
"""Characters; the longest time with its words has half as many, and time grows with them."""

MOST_TOKENS: Final = 12
"""The longest form has ten."""

Token: TypeAlias = Mapping[str, tuple[int, ...]]

DAY_FIRST: Final = "DAY_FIRST"
MONTH_FIRST: Final = "MONTH_FIRST"

_SMALL_HOURS: Final = 2
"""The number of this part of the day; before it stand the halves, 0 and 1."""

_HALVES: Final = {"am": 0, "a.m.": 0, "pm": 1, "p.m.": 1}
"""Known in every language."""


class _Shape(NamedTuple):
    pattern: re.Pattern[str]
    token: Callable[[re.Match[str]], Token]


class _Vocabulary(NamedTuple):
    """What one language has; `longest`: characters of its longest word."""

    words: Mapping[str, tuple[Token, ...]]
    longest: int
    shapes: tuple[_Shape, ...]


def fold(text: str) -> str:
    """Give a text in the form that is looked at; compatible characters count as the same."""
    wide = unicodedata.normalize("NFKD", text.casefold()).replace("’", "'")  # noqa: RUF001 - typed
    bare = "".join(each for each in wide if not unicodedata.combining(each))
    return " ".join(word for word in bare.replace("\t", " ").split(" ") if word)


def scan(text: str, language: str) -> list[Token] | None:
    """Cut a folded text with the words of a language; None if some of it is not known."""
    vocabulary = _vocabulary(language)
    tokens = list[Token]()
    place, has_gap = 0, True
    while place < len(text):
        if text[place] == " ":
            place, has_gap = place + 1, True
            continue
        found, end = _longest_at(text, place, vocabulary)
        if not found or not (has_gap or _may_touch(text, place, tokens)):
            return None
        tokens += found
        place, has_gap = end, False
    return tokens if len(tokens) <= MOST_TOKENS else None


def _longest_at(text: str, place: int, vocabulary: _Vocabulary) -> tuple[tuple[Token, ...], int]:
    """Give what begins at a place, and where it ends."""
    tokens, end = tuple[Token, ...](), place
    for stop in range(min(len(text), place + vocabulary.longest), place, -1):
        if text[place:stop] in vocabulary.words and _is_word(text, place, stop):
            tokens, end = vocabulary.words[text[place:stop]], stop
            break
    for shape in vocabulary.shapes:
        if (match := shape.pattern.match(text, place)) and match.end() > end:
            tokens, end = (shape.token(match),), match.end()
    return tokens, end


def _is_word(text: str, start: int, stop: int) -> bool:
    """Tell whether no letter goes on where a word ends; Chinese and Japanese have no blanks."""
    return not (
        (_is_letter(text[start - 1 : start]) and _is_letter(text[start]))
        or (_is_letter(text[stop - 1]) and _is_letter(text[stop : stop + 1]))
    )


def _may_touch(text: str, place: int, tokens: list[Token]) -> bool:
    """Tell whether two tokens may stand without a blank: `3pm`, `15h30`, but not `today9am`."""
    joins = bool(tokens) and not {"OCLOCK", "T"}.isdisjoint(tokens[-1])
    return joins or not (_is_letter(text[place - 1]) and text[place].isdigit())


def _is_letter(text: str) -> bool:
    return text.isalpha() and not "\u3040" <= text <= "\u9fff"


def _numbers(match: re.Match[str]) -> tuple[int, ...]:
    return tuple(int(group) for group in match.groups() if group is not None)


def _as(kind: str) -> Callable[[re.Match[str]], Token]:
    return lambda match: {kind: _numbers(match)}


def _slashed(match: re.Match[str]) -> Token:
    first, second, year = _numbers(match)
    return {DAY_FIRST: (year, second, first), MONTH_FIRST: (year, first, second)}


def _clock(match: re.Match[str]) -> Token:
    hour, minute, second, fraction = match.groups()
    micro = int((fraction or "").ljust(6, "0"))
    return {"CLOCK": (int(hour), int(minute), int(second or 0), micro)}


def _offset(match: re.Match[str]) -> Token:
    sign, hours, minutes = match.groups()
    if int(minutes) >= 60:  # noqa: PLR2004 - minutes of an hour
        return {}
    return {"OFFSET": ((int(hours) * 60 + int(minutes)) * (-1 if sign == "-" else 1),)}


def _digits(match: re.Match[str]) -> Token:
    number = (int(match[0]),)
    token = {"NUMBER": number}
    if len(match[0]) == 4:  # noqa: PLR2004 - years are written with four digits
        token["YEAR"] = number
    elif len(match[0]) <= 2:  # noqa: PLR2004 - days and hours with two at most
        token["SHORT"] = token["MONTH_DAY"] = number
    return token


def _numeral(match: re.Match[str]) -> Token:
    tens, ten, ones = match[0].rpartition("十")
    number = (_NUMERALS.get(tens, 1) * 10 if ten else 0) + _NUMERALS.get(ones, 0)
    return dict.fromkeys(("NUMBER", "SHORT", "MONTH_DAY"), (number,))


_NUMERALS: Final = {each: number for number, each in enumerate("零一二三四五六七八九")} | {
    "\u3007": 0,  # the round zero
    "两": 2,
    "兩": 2,
}

_SHAPES: Final = tuple(
    _Shape(re.compile(pattern, re.ASCII), token)
    for pattern, token in (
        (r"(\d{4})-(\d\d)-(\d\d)(?!\d)", _as("ISO")),
        (r"(\d{4})-(\d\d)(?![\d-])", _as("YEAR_MONTH")),
        (
            r"(\d{4})([./])(\d\d?)\2(\d\d?)(?![\d./])",
            lambda match: {"DATE": (int(match[1]), int(match[3]), int(match[4]))},
        ),
        (r"(\d\d?)\. ?(\d\d?)\. ?(\d{4})(?![\d.])", lambda match: {"DATE": _numbers(match)[::-1]}),
        (r"(\d\d?)/(\d\d?)/(\d{4})(?![\d/])", _slashed),
        (r"(\d\d?):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?(?![\d:.])", _clock),
        (r"(\d\d?)\.(\d\d)(?![\d.])", _as("DOTTED_CLOCK")),
        (r"([+-])(\d\d):?(\d\d)(?!\d)", _offset),
        (r"z(?![a-z])", lambda _: {"OFFSET": (0,)}),
        (r"t(?=\d\d:)", lambda _: {"T": ()}),
        (r"q([1-4])(?!\w)", _as("QUARTER")),
        (r"(\d{4})-?q([1-4])(?!\w)", _as("YEAR_QUARTER")),
        (r"([23]?1)st(?![a-z])", _as("MONTH_DAY")),
        (r"(2?2)nd(?![a-z])", _as("MONTH_DAY")),
        (r"(2?3)rd(?![a-z])", _as("MONTH_DAY")),
        (r"(\d?\d)th(?![a-z])", _as("MONTH_DAY")),
        (r"(1)(?:er|o)(?![a-z])", _as("MONTH_DAY")),
        (r"(\d\d?)\.(?!\d)", _as("MONTH_DAY")),
        (r"\d{1,5}(?!\d)", _digits),
        (r",", lambda _: {"COMMA": ()}),
    )
)


_NUMERAL: Final = _Shape(
    re.compile(r"[一二三四五六七八九]?十[一二三四五六七八九]?|[零\u3007一二两兩三四五六七八九]"),
    _numeral,
)


@cache
def _vocabulary(name: str) -> _Vocabulary:
    language = LANGUAGES[name]
    meanings = dict[str, dict[str, tuple[int, ...]]]()
    for word, kind, numbers in _meanings(language):
        meanings.setdefault(word, {})[kind] = numbers
    words: dict[str, tuple[Token, ...]] = {word: (known,) for word, known in meanings.items()}
    words |= _pairs(language)
    shapes = (*_SHAPES, _NUMERAL) if language.has_numerals else _SHAPES
    return _Vocabulary(words, max(map(len, words)), shapes)


def _meanings(language: Language) -> Iterator[tuple[str, str, tuple[int, ...]]]:
    """Give each word with each of its kinds and the numbers that it then stands for."""
    for word, half in _HALVES.items():
        yield word, "HALF", (half,)
    for field, kinds, begin in _KINDS:
        for number, word in _grouped(getattr(language, field)):
            for kind in kinds:
                yield word, kind, (number + begin,)
    for number, word in _grouped(language.units):
        yield word, *_UNITS[number]
    for field in _JOINTS:
        for _, word in _grouped(getattr(language, field)):
            yield word, field.upper(), ()


_UNITS: Final = (
    *(("MINUTES", (1,)), ("MINUTES", (60,))),
    *(("UNIT", (0,)), ("UNIT", (1,)), ("UNIT", (2,)), ("UNIT", (3,))),
)
"""Minute, hour; day, week, month, year."""

_KINDS: Final = (
    ("weekdays", ("WEEKDAY",), 0),
    ("weekdays_of_last_week", ("WEEKDAY_OF_LAST_WEEK",), 0),
    ("months", ("MONTH",), 1),
    ("near", ("NEAR",), 0),
    ("numbers", ("NUMBER", "SHORT"), 1),
    ("article", ("NUMBER",), 1),
    ("halves", ("PART",), 0),
    ("parts", ("PART",), _SMALL_HOURS),
    ("last_week_month_year", ("LAST_PERIOD",), 1),
    ("this_week_month_year", ("THIS_PERIOD",), 1),
)
"""Fields whose groups are counted: the kinds of their words, and the number of the first group."""

_JOINTS: Final = (
    *("tomorrow", "now", "noon", "before_ago", "after_ago", "before_last", "after_last", "this"),
    *("at", "on", "of", "oclock", "half_past"),
    *("year_mark", "month_mark", "day_mark", "minute_mark"),
)
"""Fields whose words have no number."""


def _pairs(language: Language) -> dict[str, tuple[Token, ...]]:
    """Give the words that name a day and a part of it."""
    fields = language.parts_of_today, language.parts_of_yesterday
    return {
        word: ({"NEAR": (near,)}, {"PART": (number + _SMALL_HOURS,)})
        for near, field in enumerate(fields)
        for number, word in _grouped(field)
    }


def _grouped(field: str) -> Iterator[tuple[int, str]]:
    for number, group in enumerate(field.split("|")):
        for word in group.split():
            yield number, fold(word.replace("_", " "))
