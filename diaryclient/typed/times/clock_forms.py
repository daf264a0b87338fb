"""The forms in which a time of the day may be said, or a moment of a day.

Rules: those of `diaryclient.typed.times.time_form`. What is said with a part of the day is an hour
that this part has: nobody knows what `13pm` means.
"""

from datetime import datetime, time, timedelta, timezone
from typing import Final

from diaryclient.typed.times.time_form import Form
from protocol.messages.writing import MAX_OFFSET_MINUTES

_NOON: Final = 12


def _hours(first: int, last: int) -> dict[int, int]:
    """Give the hours of the day from one to another, as either clock says them."""
    return {hour % 12 or 12: hour for hour in range(first, last + 1)} | {
        hour: hour for hour in range(first, last + 1)
    }


_PARTS: Final[tuple[dict[int, int], ...]] = (
    {12: 0} | {hour: hour for hour in range(1, 12)},  # am
    {12: 12} | {hour: hour + 12 for hour in range(1, 12)},  # pm
    {12: 0} | {hour: hour for hour in range(6)},  # the small hours
    {hour: hour for hour in range(1, 12)},  # the morning
    _hours(11, 13),  # noon
    _hours(12, 20),  # the afternoon
    _hours(17, 23),  # the evening
)
"""Which hours can be said with a part of the day, and which of the twenty-four each of them is."""


def _now(said: datetime) -> timedelta:
    del said
    return timedelta()


def _minutes_ago(said: datetime, number: int, minutes: int) -> timedelta:
    del said
    return timedelta(minutes=number * minutes)


def _iso_moment(  # noqa: PLR0913 - as ISO 8601 has them
    said: datetime,
    year: int,
    month: int,
    day: int,
    hour: int,
    minute: int,
    second: int,
    microsecond: int,
    offset: int | None = None,
) -> datetime:
    del said
    wall = datetime(year, month, day, hour, minute, second, microsecond)  # noqa: DTZ001 - see next
    if offset is None:
        return wall
    if abs(offset) > MAX_OFFSET_MINUTES:
        raise ValueError
    return wall.replace(tzinfo=timezone(timedelta(minutes=offset)))


MOMENT_FORMS: Final[tuple[Form[datetime | timedelta], ...]] = (
    Form(
        ("NOW",),
        _now,
        "this moment",
        (
            *(("now", "2026-11-29 20:00"), ("现在", "2026-11-29 20:00")),
            *(("ahora", "2026-11-29 20:00"), ("jetzt", "2026-11-29 20:00")),
        ),
        leads=False,
    ),
    Form(
        ("NUMBER MINUTES AFTER_AGO", "BEFORE_AGO NUMBER MINUTES"),
        _minutes_ago,
        "so many minutes or hours before this moment",
        (
            ("20 minutes ago", "2026-11-29 19:40"),
            ("3 hours ago", "2026-11-29 17:00"),
            ("两小时前", "2026-11-29 18:00"),
            ("hace una hora", "2026-11-29 19:00"),
            ("il y a 20 minutes", "2026-11-29 19:40"),
            ("vor 2 Stunden", "2026-11-29 18:00"),
            ("due ore fa", "2026-11-29 18:00"),
            ("30分前", "2026-11-29 19:30"),
            ("2 uur geleden", "2026-11-29 18:00"),
            ("há 20 minutos", "2026-11-29 19:40"),
            ("2 часа назад", "2026-11-29 18:00"),
        ),
    ),
    Form(
        ("ISO T CLOCK", "ISO T CLOCK OFFSET", "ISO CLOCK OFFSET"),
        _iso_moment,
        "that moment, by its own offset if it has one",
        (
            ("2026-11-22T15:04", "2026-11-22 15:04"),
            ("2026-11-22T15:04Z", "2026-11-22 15:04+00:00"),
            ("2026-11-22 15:04:05 +08:00", "2026-11-22 15:04:05+08:00"),
        ),
    ),
)
"""A moment, or how long it is ago: by all clocks, whatever those on the wall were set to since."""


def _clock(said: datetime, hour: int, minute: int = 0, second: int = 0, micro: int = 0) -> time:
    del said
    return time(hour, minute, second, micro)


def _half_past(said: datetime, hour: int) -> time:
    return _clock(said, hour, 30)


def _noon(said: datetime) -> time:
    return _clock(said, _NOON)


def _in_part(said: datetime, part: int, hour: int, *further: int) -> time:
    if hour not in _PARTS[part]:
        raise ValueError
    return _clock(said, _PARTS[part][hour], *further)


def _half_past_in_part(said: datetime, part: int, hour: int) -> time:
    return _in_part(said, part, hour, 30)


def _before_part(said: datetime, *numbers: int) -> time:
    *clock, part = numbers
    return _in_part(said, part, *clock)


TIME_FORMS: Final[tuple[Form[time], ...]] = (
    Form(
        ("CLOCK OCLOCK?", "SHORT OCLOCK", "SHORT OCLOCK SHORT MINUTE_MARK?", "DOTTED_CLOCK OCLOCK"),
        _clock,
        "by the clock of twenty-four hours",
        (
            ("15:04", "2026-11-29 15:04"),
            ("at 9:05", "2026-11-29 09:05"),
            ("6 o'clock", "2026-11-29 06:00"),
            ("15:04:05", "2026-11-29 15:04:05"),
            ("15点4分", "2026-11-29 15:04"),
            ("a las 15:30", "2026-11-29 15:30"),
            ("à 15h30", "2026-11-29 15:30"),
            ("15 heures", "2026-11-29 15:00"),
            ("um 15 Uhr", "2026-11-29 15:00"),
            ("15.30 Uhr", "2026-11-29 15:30"),
            ("alle 15:30", "2026-11-29 15:30"),
            ("15時30分", "2026-11-29 15:30"),
            ("om 15 uur", "2026-11-29 15:00"),
            ("às 15h", "2026-11-29 15:00"),
            ("в 15 часов", "2026-11-29 15:00"),
        ),
    ),
    Form(
        ("SHORT OCLOCK HALF_PAST",),
        _half_past,
        "half past that hour",
        (("15点半", "2026-11-29 15:30"), ("9時半", "2026-11-29 09:30")),
    ),
    Form(
        ("NOON",),
        _noon,
        "12:00",
        (
            ("noon", "2026-11-29 12:00"),
            ("中午", "2026-11-29 12:00"),
            ("à midi", "2026-11-29 12:00"),
        ),
    ),
    Form(
        (
            "SHORT HALF",
            "CLOCK HALF",
            "SHORT PART",
            "CLOCK PART",
            "SHORT OCLOCK PART",
            "CLOCK OCLOCK PART",
        ),
        _before_part,
        "that hour before or after noon, or in that part of the day",
        (
            ("3pm", "2026-11-29 15:00"),
            ("12:30 a.m.", "2026-11-29 00:30"),
            ("3 in the afternoon", "2026-11-29 15:00"),
            ("a las 3 de la tarde", "2026-11-29 15:00"),
            ("à 8 heures du soir", "2026-11-29 20:00"),
            ("8 Uhr abends", "2026-11-29 20:00"),
            ("alle 3 del pomeriggio", "2026-11-29 15:00"),
            ("3 uur 's middags", "2026-11-29 15:00"),
            ("às 3 da tarde", "2026-11-29 15:00"),
            ("в 3 часа дня", "2026-11-29 15:00"),
        ),
    ),
    Form(
        (
            "PART AT? SHORT",
            "PART AT? CLOCK OCLOCK?",
            "PART AT? SHORT OCLOCK",
            "PART AT? SHORT OCLOCK SHORT MINUTE_MARK?",
        ),
        _in_part,
        "the same",
        (
            ("this morning at 8", "2026-11-29 08:00"),
            ("下午3点", "2026-11-29 15:00"),
            ("下午1:30", "2026-11-29 13:30"),
            ("abends um 8", "2026-11-29 20:00"),
            ("午後3時15分", "2026-11-29 15:15"),
        ),
    ),
    Form(
        ("PART SHORT OCLOCK HALF_PAST",),
        _half_past_in_part,
        "the same",
        (("下午三点半", "2026-11-29 15:30"), ("午後3時半", "2026-11-29 15:30")),
    ),
)
"""Each may begin with a word for `at`."""

PAIRS: Final = (
    ("yesterday at 3pm", "2026-11-28 15:00"),
    ("3pm yesterday", "2026-11-28 15:00"),
    ("2026-11-22 15:04", "2026-11-22 15:04"),
    ("22.11.2026, 15:04", "2026-11-22 15:04"),
    ("sunday at 9pm", "2026-11-22 21:00"),
    ("昨天下午3点", "2026-11-28 15:00"),
    ("昨晚8点", "2026-11-28 20:00"),
    ("ayer a las 15:30", "2026-11-28 15:30"),
    ("hier soir à 8 heures", "2026-11-28 20:00"),
    ("gestern um 15 Uhr", "2026-11-28 15:00"),
    ("letzten Freitag um 15:30 Uhr", "2026-11-27 15:30"),
    ("ieri alle 15:30", "2026-11-28 15:30"),
    ("昨日の午後3時", "2026-11-28 15:00"),
    ("gisteren om 15 uur", "2026-11-28 15:00"),
    ("ontem às 15h30", "2026-11-28 15:30"),
    ("вчера в 15:30", "2026-11-28 15:30"),
)
"""Examples of a day and a time; of days that come again the latest is meant that is not ahead."""
