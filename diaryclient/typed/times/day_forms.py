"""The forms in which a day may be said.

Rules: those of `diaryclient.typed.times.time_form`. A form gives the days that it may mean, the
latest first: one day, or some of those that come again.
"""

from calendar import monthrange
from datetime import date, datetime, timedelta
from typing import Final, TypeAlias

from diaryclient.typed.times.time_form import Form
from diaryclient.typed.times.time_scanning import DAY_FIRST, MONTH_FIRST

Days: TypeAlias = tuple[date, ...]

_LEAP_YEARS: Final = 9
"""So many years have a leap day among them, around 1900 too."""


def _written(said: datetime, year: int, month: int, day: int) -> Days:
    del said
    return (date(year, month, day),)


def _near(said: datetime, number: int) -> Days:
    return (said.date() - timedelta(days=number),)


def _tomorrow(said: datetime) -> Days:
    return (said.date() + timedelta(days=1),)


def _weekday(said: datetime, number: int) -> Days:
    latest = said.date() - timedelta(days=(said.weekday() - number) % 7)
    return latest, latest - timedelta(days=7)


def _last_weekday(said: datetime, number: int) -> Days:
    return (said.date() - timedelta(days=(said.weekday() - number) % 7 or 7),)


def _weekday_of_last_week(said: datetime, number: int) -> Days:
    return (said.date() - timedelta(days=said.weekday() + 7 - number),)


def _ago(said: datetime, number: int, unit: int) -> Days:
    today = said.date()
    days, months = _UNITS[unit]
    if days:
        return (today - timedelta(days=number * days),)
    year, month = divmod(today.year * 12 + today.month - 1 - number * months, 12)
    return (date(year, month + 1, min(today.day, monthrange(year, month + 1)[1])),)


_UNITS: Final = (1, 0), (7, 0), (0, 1), (0, 12)
"""The days, or months, of a day, week, month and year."""


def _day_of_month(said: datetime, day: int, month: int) -> Days:
    """Give the day in the years in which it is not ahead; the calendar need not have it in all."""
    date(2000, month, day)
    last = said.year - ((month, day) > (said.month, said.day))
    years = range(last, max(last - _LEAP_YEARS, 0), -1)
    days = tuple(date(each, month, day) for each in years if day <= monthrange(each, month)[1])
    if not days:
        raise ValueError
    return days


def _month_day(said: datetime, month: int, day: int) -> Days:
    return _day_of_month(said, day, month)


def _day_month_year(said: datetime, day: int, month: int, year: int) -> Days:
    return _written(said, year, month, day)


def _month_day_year(said: datetime, month: int, day: int, year: int) -> Days:
    return _written(said, year, month, day)


DAY_FORMS: Final[tuple[Form[Days], ...]] = (
    Form(
        ("ISO", "DATE"),
        _written,
        "a date; with dots it is day.month.year, unless the year stands first",
        (
            ("2026-11-22", "2026-11-22"),
            ("22.11.2026", "2026-11-22"),
            ("5. 3. 2020", "2020-03-05"),
            ("2026.11.22", "2026-11-22"),
            ("2026/11/22", "2026-11-22"),
        ),
    ),
    Form(
        (DAY_FIRST, MONTH_FIRST),
        _written,
        "a date with slashes, if only one reading exists or `date_order` says which is meant",
        (("22/11/2026", "2026-11-22"), ("11/22/2026", "2026-11-22"), ("5/5/2026", "2026-05-05")),
    ),
    Form(
        (
            "MONTH_DAY OF? MONTH OF? YEAR YEAR_MARK?",
            "MONTH_DAY OF? MONTH COMMA YEAR",
        ),
        _day_month_year,
        "a date",
        (
            ("24 december 2025", "2025-12-24"),
            ("24th of December 2025", "2025-12-24"),
            ("24 de diciembre de 2025", "2025-12-24"),
            ("1er mai 2025", "2025-05-01"),
            ("24. Dezember 2025", "2025-12-24"),
            ("24 dicembre 2025", "2025-12-24"),
            ("1º de maio de 2025", "2025-05-01"),
            ("24 декабря 2025 года", "2025-12-24"),
        ),
    ),
    Form(
        ("MONTH MONTH_DAY COMMA? YEAR",),
        _month_day_year,
        "the same",
        (("Dec 24, 2025", "2025-12-24"), ("may 5th 2025", "2025-05-05")),
    ),
    Form(
        ("YEAR YEAR_MARK SHORT MONTH_MARK SHORT DAY_MARK",),
        _written,
        "the same",
        (
            ("2025年12月24日", "2025-12-24"),
            ("2025年12月24号", "2025-12-24"),
            ("2025年十二月二十四日", "2025-12-24"),
        ),
    ),
    Form(
        ("MONTH_DAY OF? MONTH",),
        _day_of_month,
        "the latest such day that is not ahead",
        (
            ("24 december", "2025-12-24"),
            ("the 5th of may", "2026-05-05"),
            ("le 5 mai", "2026-05-05"),
            ("24. Dezember", "2025-12-24"),
            ("29 february", "2024-02-29"),
        ),
    ),
    Form(
        ("MONTH MONTH_DAY", "SHORT MONTH_MARK SHORT DAY_MARK"),
        _month_day,
        "the same",
        (("Dec 24", "2025-12-24"), ("12月24日", "2025-12-24"), ("5月1号", "2026-05-01")),
    ),
    Form(
        ("NEAR",),
        _near,
        "that day",
        (
            ("today", "2026-11-29"),
            ("yesterday", "2026-11-28"),
            ("the day before yesterday", "2026-11-27"),
            ("昨天", "2026-11-28"),
            ("前天", "2026-11-27"),
            ("ayer", "2026-11-28"),
            ("anteayer", "2026-11-27"),
            ("hier", "2026-11-28"),
            ("avant-hier", "2026-11-27"),
            ("gestern", "2026-11-28"),
            ("vorgestern", "2026-11-27"),
            ("ieri", "2026-11-28"),
            ("l'altro ieri", "2026-11-27"),
            ("昨日", "2026-11-28"),
            ("一昨日", "2026-11-27"),
            ("gisteren", "2026-11-28"),
            ("eergisteren", "2026-11-27"),
            ("ontem", "2026-11-28"),
            ("anteontem", "2026-11-27"),
            ("вчера", "2026-11-28"),
            ("позавчера", "2026-11-27"),
        ),
    ),
    Form(
        ("TOMORROW",),
        _tomorrow,
        "the day after today, which no entry can have yet; before a text it is a word of the text",
        (("tomorrow", "2026-11-30"), ("明天", "2026-11-30"), ("morgen", "2026-11-30")),
        leads=False,
    ),
    Form(
        ("WEEKDAY",),
        _weekday,
        "the latest such day that is not ahead, today included",
        (
            ("friday", "2026-11-27"),
            ("on sunday", "2026-11-29"),
            ("周五", "2026-11-27"),
            ("星期天", "2026-11-29"),
            ("el viernes", "2026-11-27"),
            ("domingo", "2026-11-29"),
            ("vendredi", "2026-11-27"),
            ("dimanche", "2026-11-29"),
            ("am Freitag", "2026-11-27"),
            ("Sonntag", "2026-11-29"),
            ("venerdì", "2026-11-27"),
            ("domenica", "2026-11-29"),
            ("金曜日", "2026-11-27"),
            ("日曜日", "2026-11-29"),
            ("op vrijdag", "2026-11-27"),
            ("zondag", "2026-11-29"),
            ("sexta-feira", "2026-11-27"),
            ("в пятницу", "2026-11-27"),
            ("воскресенье", "2026-11-29"),
        ),
    ),
    Form(
        ("BEFORE_LAST WEEKDAY", "WEEKDAY AFTER_LAST"),
        _last_weekday,
        "the latest such day before today",
        (
            ("last friday", "2026-11-27"),
            ("last sunday", "2026-11-22"),
            ("el viernes pasado", "2026-11-27"),
            ("vendredi dernier", "2026-11-27"),
            ("letzten Freitag", "2026-11-27"),
            ("letzten Sonntag", "2026-11-22"),
            ("venerdì scorso", "2026-11-27"),
            ("vorige vrijdag", "2026-11-27"),
            ("sexta-feira passada", "2026-11-27"),
            ("в прошлую пятницу", "2026-11-27"),
        ),
    ),
    Form(
        ("WEEKDAY_OF_LAST_WEEK",),
        _weekday_of_last_week,
        "that day of the week before this one; a week begins on Monday",
        (("上周五", "2026-11-20"), ("上个星期天", "2026-11-22"), ("先週の金曜日", "2026-11-20")),
    ),
    Form(
        ("NUMBER UNIT AFTER_AGO", "BEFORE_AGO NUMBER UNIT"),
        _ago,
        "so many days, weeks, months or years before today; a day that its month has not is the"
        " month's last",
        (
            ("3 days ago", "2026-11-26"),
            ("a week ago", "2026-11-22"),
            ("nine months ago", "2026-02-28"),
            ("三天前", "2026-11-26"),
            ("两周前", "2026-11-15"),
            ("hace 3 días", "2026-11-26"),
            ("il y a deux semaines", "2026-11-15"),
            ("vor 3 Tagen", "2026-11-26"),
            ("vor einer Woche", "2026-11-22"),
            ("3 giorni fa", "2026-11-26"),
            ("3日前", "2026-11-26"),
            ("2か月前", "2026-09-29"),
            ("3 dagen geleden", "2026-11-26"),
            ("há 3 dias", "2026-11-26"),
            ("3 дня назад", "2026-11-26"),
        ),
    ),
)
