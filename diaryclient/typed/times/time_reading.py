"""Reads the words for a day, a period or a time, as a whole or not at all.

    said = day [","] [time] / time day / [time] / moment / period

Rules: pure; the moment at which it is said and its zone are told. Every token has its place in a
form (`diaryclient.typed.times.time_form`), in one language; if the words have two readings, in one
language or in several, they are refused. Only what a form says to come again is taken from the
calendar: the latest weekday, day of a month or month that is not ahead.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Final, Literal, NamedTuple, TypeAlias

from diaryclient.typed.times.clock_forms import MOMENT_FORMS, TIME_FORMS
from diaryclient.typed.times.day_forms import DAY_FORMS, Days
from diaryclient.typed.times.period_forms import PERIOD_FORMS, Period
from diaryclient.typed.times.time_form import Form, ReadT
from diaryclient.typed.times.time_languages import LANGUAGES
from diaryclient.typed.times.time_scanning import DAY_FIRST, LONGEST, MONTH_FIRST, Token, fold, scan
from protocol.errors import UsageError

DateOrder: TypeAlias = Literal["dmy", "mdy"]
"""What a date with slashes is, where both readings exist."""

LEADING_LANGUAGES: Final = "English", "Chinese"
"""Whose words count before a text and its colon; a text may begin with any other word."""


class UnknownWordsError(UsageError):
    """The words fit no form as a whole."""


class OneDay(NamedTuple):
    """A day without a time."""

    day: date

    def __str__(self) -> str:
        """Give it as people read it."""
        return self.day.isoformat()


class Moment(NamedTuple):
    """A time, by the wall clock of who says it unless it is aware.

    `names_day`: the words say of which day. `ago`: they say how long ago it is, and the wall clock
    may have been changed since.
    """

    wall: datetime
    names_day: bool = True
    ago: timedelta | None = None

    def __str__(self) -> str:
        """Give it as people read it; seconds only where there are some."""
        has_seconds = self.wall.second or self.wall.microsecond
        return self.wall.isoformat(" ", "auto" if has_seconds else "minutes")


class Span(NamedTuple):
    """Several days, both ends included."""

    first: date
    last: date

    def __str__(self) -> str:
        """Give it as people read it."""
        return f"{self.first} to {self.last}"


Reading: TypeAlias = OneDay | Moment | Span


_Found: TypeAlias = Iterator[Reading | None]
"""Readings; None stands for words that fit a form, but no calendar or clock has such a thing."""


class _Grammar(NamedTuple):
    """What is looked for: whose words, in which forms."""

    languages: tuple[str, ...]
    days: tuple[Form[Days], ...]
    moments: tuple[Form[datetime | timedelta], ...]
    periods: tuple[Form[Period], ...]


_WHOLE: Final = _Grammar(tuple(LANGUAGES), DAY_FORMS, MOMENT_FORMS, PERIOD_FORMS)
_LEADING: Final = _Grammar(
    LEADING_LANGUAGES,
    tuple(form for form in DAY_FORMS if form.leads),
    tuple(form for form in MOMENT_FORMS if form.leads),
    (),
)


def read_time(text: str, said: datetime, order: DateOrder | None = None) -> Reading:
    """Read words that are said at `said`, a naive wall clock.

    Raise UnknownWordsError, or UsageError for what no calendar or clock has, or has two readings.
    """
    found = list(_readings(text, said, order, _WHOLE))
    if not found:
        raise UnknownWordsError("what was typed is no day or time that is known")
    return _only(text, found)


def read_leading_time(text: str, said: datetime, order: DateOrder | None = None) -> Reading | None:
    """Read words before a text; None if they are words of that text. Raise UsageError as above."""
    found = list(_readings(text, said, order, _LEADING))
    return _only(text, found) if found else None


def _only(text: str, found: list[Reading | None]) -> Reading:
    readings = list(dict.fromkeys(each for each in found if each))
    if not readings:
        raise UsageError("there is no such day or time")
    if len(readings) > 1:
        hint = ", or set date_order in config.toml" if "/" in text else ""
        which = " or ".join(map(str, readings))
        raise UsageError(f"{text} may be {which}; write the one that is meant{hint}")
    return readings[0]


def _readings(text: str, said: datetime, order: DateOrder | None, grammar: _Grammar) -> _Found:
    if len(text) > LONGEST:
        return
    folded = fold(text)
    for language in grammar.languages:
        if found := scan(folded, language):
            tokens = [_ordered(token, order) for token in found]
            yield from _without_time(tokens, said, grammar)
            yield from _with_time(tokens, said, grammar)


def _ordered(token: Token, order: DateOrder | None) -> Token:
    """Give only the reading of a date with slashes that `order` names, if it exists."""
    kind = DAY_FIRST if order == "dmy" else MONTH_FIRST
    if order is None or kind not in token:
        return token
    try:
        date(*token[kind])
    except ValueError:
        return token
    return {kind: token[kind]}


def _without_time(tokens: Sequence[Token], said: datetime, grammar: _Grammar) -> _Found:
    for moment in _fitting(grammar.moments, tokens, said):
        yield _as_moment(moment, said)
    for period in _fitting(grammar.periods, tokens, said, "ON"):
        yield Span(*period) if period else None
    for days in _fitting(grammar.days, tokens, said, "ON"):
        yield OneDay(days[0]) if days else None


def _as_moment(found: datetime | timedelta | None, said: datetime) -> Moment | None:
    if found is None or isinstance(found, datetime):
        return Moment(found) if found else None
    try:
        return Moment(said - found, ago=found)
    except OverflowError:
        return None


def _with_time(tokens: Sequence[Token], said: datetime, grammar: _Grammar) -> _Found:
    for clock in _fitting(TIME_FORMS, tokens, said, "AT"):
        today = clock and datetime.combine(said.date(), clock)
        yield Moment(today, names_day=False) if today else None
    for place in range(1, len(tokens)):
        first, second = tokens[:place], tokens[place:]
        yield from _day_and_time(_before_comma(first), second, said, grammar)
        yield from _day_and_time(second, first, said, grammar)


def _before_comma(tokens: Sequence[Token]) -> Sequence[Token]:
    return tokens[:-1] if "COMMA" in tokens[-1] else tokens


def _day_and_time(
    day: Sequence[Token], clock: Sequence[Token], said: datetime, grammar: _Grammar
) -> _Found:
    for days in _fitting(grammar.days, day, said, "ON"):
        for at in _fitting(TIME_FORMS, clock, said, "AT"):
            yield Moment(_latest(days, at, said)) if days and at else None


def _latest(days: Days, clock: time, said: datetime) -> datetime:
    """Give the latest that is not ahead, or the only one."""
    moments = [datetime.combine(day, clock) for day in days]
    return next((moment for moment in moments if moment <= said), moments[-1])


def _fitting(
    forms: Iterable[Form[ReadT]], tokens: Sequence[Token], said: datetime, joint: str = ""
) -> Iterator[ReadT | None]:
    """Give what tokens mean that fill a form, one `joint` before them or none."""
    for form in forms:
        for kinds in form.kinds:
            numbers = _fill(f"{joint}? {kinds}".split() if joint else kinds.split(), tokens)
            if numbers is None:
                continue
            try:
                yield form.read(said, *numbers)
            except (ValueError, OverflowError):
                yield None


def _fill(kinds: Sequence[str], tokens: Sequence[Token]) -> tuple[int, ...] | None:
    """Give the numbers of tokens that are of these kinds, all of them and in this order."""
    if not kinds:
        return None if tokens else ()
    kind = kinds[0].removesuffix("?")
    if tokens and kind in tokens[0]:
        further = _fill(kinds[1:], tokens[1:])
        if further is not None:
            return *tokens[0][kind], *further
    return _fill(kinds[1:], tokens) if kind != kinds[0] else None
