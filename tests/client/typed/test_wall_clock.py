"""From what a clock on the wall showed to the moment, in zones that change."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaryclient.typed.wall_clock import check_not_ahead, last_millisecond_of, stamp_of
from diaryclient.typed.zones import ZonedClock, in_zone
from protocol.errors import UsageError
from protocol.identifiers import Day
from protocol.messages.writing import LAST_MILLISECONDS, MIN_MILLISECONDS
from protocol.stamp import Stamp
from tests.client.fakes import START, FakeClock

ZONES = [
    *("UTC", "Europe/Berlin", "America/St_Johns", "Asia/Shanghai", "Asia/Kathmandu"),
    *("Australia/Lord_Howe", "Pacific/Apia", "Pacific/Kiritimati", "Africa/Casablanca"),
]


def clock(zone: str) -> ZonedClock:
    """Give a clock that stands still in a zone."""
    return ZonedClock(FakeClock(), ZoneInfo(zone))


@given(st.integers(0, 2**41), st.sampled_from(ZONES))
def test_a_moment_that_was_shown_is_found(at: int, zone: str) -> None:
    """The same, or the first of the two that showed the same."""
    offset_at = clock(zone).local_offset
    shown = Stamp(at, offset_at(at)).wall.replace(tzinfo=None)
    found = stamp_of(shown, offset_at)
    assert found.wall.replace(tzinfo=None) == shown
    assert found.off == offset_at(found.at)
    assert found.at <= at


@pytest.mark.parametrize(
    ("zone", "shown", "stamp"),
    [
        ("Europe/Berlin", "2026-10-25T02:30", "2026-10-25T02:30:00.000+02:00"),
        ("Europe/Berlin", "2026-03-29T02:30", "2026-03-29T03:30:00.000+02:00"),
        ("Australia/Lord_Howe", "2026-04-05T01:45", "2026-04-05T01:45:00.000+11:00"),
        ("Pacific/Apia", "2011-12-30T12:00", "2011-12-31T12:00:00.000+14:00"),
        ("Europe/Berlin", "2026-10-25T02:30+01:00", "2026-10-25T02:30:00.000+01:00"),
        ("Asia/Shanghai", "2026-11-23T07:59", "2026-11-23T07:59:00.000+08:00"),
    ],
)
def test_hours_that_are_repeated_or_missing(zone: str, shown: str, stamp: str) -> None:
    """Twice: the first time. Never: as if the clock had not been changed. Own offset: that."""
    assert str(stamp_of(datetime.fromisoformat(shown), clock(zone).local_offset)) == stamp


def test_an_entry_before_eight_at_utc_8_is_of_today() -> None:
    """Though the day has not begun in UTC."""
    offset_at = clock("Asia/Shanghai").local_offset
    assert stamp_of(datetime.fromisoformat("2026-11-23T07:30"), offset_at).day == "2026-11-23"


@pytest.mark.parametrize(
    ("change", "before", "after", "end"),
    [
        ("2026-06-01T23:30", 0, 60, "2026-06-01T23:29:59.999"),
        ("2026-06-01T23:30", 0, 30, "2026-06-01T23:29:59.999"),
        ("2026-06-02T00:00", 0, -60, "2026-06-02T00:59:59.999"),
        ("2026-06-02T00:01", 0, -60, "2026-06-02T00:59:59.999"),
        ("2026-06-02T01:00", 0, -60, "2026-06-01T23:59:59.999"),
        ("2026-06-02T00:00", 0, 1440, "2026-06-01T23:59:59.999"),
        ("2026-06-02T12:00", 0, 60, "2026-06-01T23:59:59.999"),
    ],
)
def test_the_end_of_a_day_is_where_the_wall_shows_it_last(
    change: str, before: int, after: int, end: str
) -> None:
    """Over midnights that are skipped, shown twice, or a day away; all times here are of UTC."""

    def utc(text: str) -> int:
        return round(datetime.fromisoformat(f"{text}+00:00").timestamp() * 1000)

    def offset_at(at: int) -> int:
        return before if at < utc(change) else after

    assert last_millisecond_of(Day("2026-06-01"), offset_at) == utc(end)


@given(st.datetimes(), st.sampled_from(ZONES))
def test_every_time_is_a_moment_or_a_mistake(shown: datetime, zone: str) -> None:
    """Also where the calendar ends."""
    try:
        stamp = stamp_of(shown, clock(zone).local_offset)
    except UsageError:
        assert not 1 < shown.year < 9999
    else:
        assert MIN_MILLISECONDS <= stamp.at <= LAST_MILLISECONDS
        assert stamp.day


def test_the_future_is_refused() -> None:
    """But not what two clocks may differ by."""
    soon = Stamp(START + 120_000, 480)
    assert check_not_ahead(soon, START) == soon
    with pytest.raises(UsageError, match=r"^2026-11-18 \d\d:\d\d\+08:00 is in the future"):
        check_not_ahead(Stamp(START + 120_001, 480), START)


@pytest.mark.parametrize(
    "name", ["Mars/Olympus", "", "../etc/passwd", "/etc/localtime", "\0", "Europe"]
)
def test_a_zone_that_does_not_exist_is_named(name: str) -> None:
    """With where it was written, and what to write."""
    with pytest.raises(
        UsageError, match=r"config\.toml: timezone: there is no time zone .*(Asia/|did you mean )"
    ):
        in_zone(FakeClock(), name, "config.toml: timezone")
