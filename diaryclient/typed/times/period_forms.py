"""The forms in which several days may be said: a year, a quarter, a month, a week.

Rules: those of `diaryclient.typed.times.time_form`. A week begins on Monday (ISO 8601).
"""

from calendar import monthrange
from datetime import date, datetime, timedelta
from typing import Final, TypeAlias

from diaryclient.typed.times.time_form import Form

Period: TypeAlias = tuple[date, date]
"""The first and the last day."""

_WEEK, _MONTH, _YEAR = 1, 2, 3


def _year(said: datetime, year: int) -> Period:
    del said
    return date(year, 1, 1), date(year, 12, 31)


def _year_month(said: datetime, year: int, month: int) -> Period:
    del said
    return date(year, month, 1), date(year, month, monthrange(year, month)[1])


def _month_year(said: datetime, month: int, year: int) -> Period:
    return _year_month(said, year, month)


def _month(said: datetime, month: int) -> Period:
    return _year_month(said, said.year - (month > said.month), month)


def _year_quarter(said: datetime, year: int, quarter: int) -> Period:
    first, _ = _year_month(said, year, 3 * quarter - 2)
    _, last = _year_month(said, year, 3 * quarter)
    return first, last


def _quarter_year(said: datetime, quarter: int, year: int) -> Period:
    return _year_quarter(said, year, quarter)


def _quarter(said: datetime, quarter: int) -> Period:
    return _year_quarter(said, said.year - (3 * quarter - 2 > said.month), quarter)


def _this_period(said: datetime, unit: int, ago: int = 0) -> Period:
    if unit == _WEEK:
        monday = said.date() - timedelta(days=said.weekday() + 7 * ago)
        return monday, monday + timedelta(days=6)
    if unit == _YEAR:
        return _year(said, said.year - ago)
    if unit == _MONTH:
        year, month = divmod(said.year * 12 + said.month - 1 - ago, 12)
        return _year_month(said, year, month + 1)
    raise ValueError


def _last_period(said: datetime, unit: int) -> Period:
    return _this_period(said, unit, 1)


PERIOD_FORMS: Final[tuple[Form[Period], ...]] = (
    Form(
        ("YEAR YEAR_MARK?",),
        _year,
        "the whole year",
        (("2020", "2020-01-01 to 2020-12-31"), ("2020年", "2020-01-01 to 2020-12-31")),
    ),
    Form(
        ("YEAR_MONTH", "YEAR YEAR_MARK SHORT MONTH_MARK"),
        _year_month,
        "the whole month",
        (("2020-02", "2020-02-01 to 2020-02-29"), ("2020年2月", "2020-02-01 to 2020-02-29")),
    ),
    Form(
        ("MONTH OF? YEAR YEAR_MARK?",),
        _month_year,
        "the same",
        (
            ("may 2020", "2020-05-01 to 2020-05-31"),
            ("mayo de 2020", "2020-05-01 to 2020-05-31"),
            ("mai 2020", "2020-05-01 to 2020-05-31"),
            ("maggio 2020", "2020-05-01 to 2020-05-31"),
            ("mei 2020", "2020-05-01 to 2020-05-31"),
            ("maio de 2020", "2020-05-01 to 2020-05-31"),
            ("май 2020", "2020-05-01 to 2020-05-31"),
        ),
    ),
    Form(
        ("MONTH", "SHORT MONTH_MARK"),
        _month,
        "the latest such month that has begun",
        (
            ("May", "2026-05-01 to 2026-05-31"),
            ("december", "2025-12-01 to 2025-12-31"),
            ("5月", "2026-05-01 to 2026-05-31"),
            ("十二月", "2025-12-01 to 2025-12-31"),
            ("Dezember", "2025-12-01 to 2025-12-31"),
        ),
    ),
    Form(
        ("QUARTER YEAR",),
        _quarter_year,
        "the whole quarter",
        (("Q1 2020", "2020-01-01 to 2020-03-31"),),
    ),
    Form(
        ("YEAR_QUARTER", "YEAR QUARTER"),
        _year_quarter,
        "the same",
        (("2020-Q1", "2020-01-01 to 2020-03-31"), ("2020 q4", "2020-10-01 to 2020-12-31")),
    ),
    Form(
        ("QUARTER",),
        _quarter,
        "the latest such quarter that has begun",
        (("Q4", "2026-10-01 to 2026-12-31"), ("q1", "2026-01-01 to 2026-03-31")),
    ),
    Form(
        ("BEFORE_LAST UNIT", "UNIT AFTER_LAST", "LAST_PERIOD"),
        _last_period,
        "the week, month or year before this one",
        (
            ("last week", "2026-11-16 to 2026-11-22"),
            ("last year", "2025-01-01 to 2025-12-31"),
            ("上周", "2026-11-16 to 2026-11-22"),
            ("上个月", "2026-10-01 to 2026-10-31"),
            ("el mes pasado", "2026-10-01 to 2026-10-31"),
            ("la semaine dernière", "2026-11-16 to 2026-11-22"),
            ("letzten Monat", "2026-10-01 to 2026-10-31"),
            ("il mese scorso", "2026-10-01 to 2026-10-31"),
            ("先月", "2026-10-01 to 2026-10-31"),
            ("vorige week", "2026-11-16 to 2026-11-22"),
            ("no mês passado", "2026-10-01 to 2026-10-31"),
            ("на прошлой неделе", "2026-11-16 to 2026-11-22"),
        ),
    ),
    Form(
        ("THIS UNIT", "THIS_PERIOD"),
        _this_period,
        "this week, month or year, to its end",
        (
            ("this week", "2026-11-23 to 2026-11-29"),
            ("本月", "2026-11-01 to 2026-11-30"),
            ("今年", "2026-01-01 to 2026-12-31"),
            ("diese Woche", "2026-11-23 to 2026-11-29"),
        ),
    ),
)
