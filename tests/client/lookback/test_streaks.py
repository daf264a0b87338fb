"""Days in a row, and the periods of the calendar."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaryclient.lookback.periods import latest_anniversary, parse_period, parse_year
from diaryclient.lookback.streaks import (
    Streak,
    current_streak,
    find_streaks,
    longest_streak,
    ordinal,
)
from protocol.errors import UsageError
from protocol.identifiers import Day

DAYS = st.dates().map(lambda each: Day(each.isoformat()))
NEAR = st.dates(date(2024, 2, 10), date(2024, 3, 20)).map(lambda each: Day(each.isoformat()))


def shifted(day: Day, days: int) -> Day:
    """Give the day so many days later."""
    return Day((date.fromisoformat(day) + timedelta(days=days)).isoformat())


@given(st.lists(NEAR, max_size=30))
def test_streaks_are_the_days_without_gaps(days: list[Day]) -> None:
    """Every day is in one streak, no other day is, and between two streaks there is a gap."""
    streaks = find_streaks(days)
    covered = [shifted(each.first, n) for each in streaks for n in range(each.days)]
    assert covered == sorted(set(days))
    for before, after in pairwise(streaks):
        assert ordinal(after.first) - ordinal(before.last) > 1


@given(st.lists(NEAR, max_size=30), NEAR)
def test_the_longest_and_the_current_are_of_them(days: list[Day], today: Day) -> None:
    """None is longer; the current one has today, yesterday or a day to come."""
    streaks = find_streaks(days)
    longest, current = longest_streak(streaks), current_streak(streaks, today)
    assert (longest is None) == (not days)
    assert all(longest is not None and each.days <= longest.days for each in streaks)
    is_going_on = any(ordinal(day) >= ordinal(today) - 1 for day in days)
    assert current == (streaks[-1] if is_going_on else None)


def test_a_leap_day_is_a_day() -> None:
    """Missing it ends a streak; in another year there is nothing to miss."""
    leap = [Day("2024-02-28"), Day("2024-02-29"), Day("2024-03-01")]
    assert find_streaks(leap) == [Streak(leap[0], leap[2])]
    assert [each.days for each in find_streaks([leap[0], leap[2]])] == [1, 1]
    assert [each.days for each in find_streaks([Day("2023-02-28"), Day("2023-03-01")])] == [2]


def test_of_two_longest_the_newest_counts() -> None:
    """That one is remembered better."""
    days = [Day(f"2024-01-{each:02}") for each in (1, 2, 10, 11)]
    assert longest_streak(find_streaks(days)) == Streak(days[2], days[3])


@given(DAYS)
def test_a_week_is_seven_days_from_monday(today: Day) -> None:
    """The last one of the calendar ends with it."""
    week = parse_period("week", today)
    assert week.has(today)
    assert date.fromisoformat(week.first).weekday() == 0
    assert ordinal(week.last) - ordinal(week.first) == 6 or week.last == "9999-12-31"


@given(DAYS)
def test_this_month_and_this_year_can_be_named_by_their_numbers(today: Day) -> None:
    """Words are read in either case."""
    for word, number in (("month", today[:7]), ("YEAR", today[:4])):
        period = parse_period(word, today)
        named = parse_period(number, today)
        assert (period.first, period.last) == (named.first, named.last)
        assert period.has(today)
        assert parse_period("all", today).has(period.last)


def test_months_know_leap_years() -> None:
    """As the calendar does."""
    today = Day("2026-11-22")
    assert parse_period("2024-02", today).last == "2024-02-29"
    assert parse_period("1900-02", today).last == "1900-02-28"
    assert parse_period("2025", today).first == "2025-01-01"


@pytest.mark.parametrize(
    "text", ["", "day", "0000", "2024-13", "2024-00", "0000-01", "20245", "２０２４"]
)
def test_what_is_no_period_is_refused(text: str) -> None:
    """And it is said what is one."""
    with pytest.raises(UsageError, match="a period is week, month, year, all, YYYY or YYYY-MM"):
        parse_period(text, Day("2026-11-22"))


def test_a_year_has_four_digits() -> None:
    """From the first to the last of the calendar."""
    assert (parse_year("0001"), parse_year("9999")) == (1, 9999)
    for text in ("0000", "24", "last", "10000"):
        with pytest.raises(UsageError, match="a year is written YYYY"):
            parse_year(text)


@given(DAYS, DAYS)
def test_the_latest_anniversary_is_the_same_day_of_the_year(day: Day, today: Day) -> None:
    """In this year, or if that has no 29th of February, in the last that had one."""
    anniversary = latest_anniversary(day, today)
    assert anniversary[4:] == day[4:]
    year = max(day[:4], today[:4])
    assert anniversary[:4] == year or day[5:] == "02-29"
    assert int(year) - int(anniversary[:4]) < 8
