"""How long a token shall live, in the words of `--expires`."""

import re
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaryclient.login.lifetime import DEFAULT_LIFE, Life, parse_life
from diaryclient.typed.dates import format_expiry
from diaryclient.typed.zones import ZonedClock
from protocol.errors import UsageError
from protocol.identifiers import MAX_MILLISECONDS
from protocol.stamp import Stamp
from tests.client.fakes import START, FakeClock

HOUR = 3_600_000


@pytest.mark.parametrize(
    ("text", "life"),
    [
        ("12h", Life(12 * HOUR, fixed=True)),
        ("30d", Life(30 * 24 * HOUR, fixed=True)),
        ("2w", Life(14 * 24 * HOUR, fixed=True)),
        ("never", Life(0)),
    ],
)
def test_spans(text: str, life: Life) -> None:
    """Hours, days, weeks; what somebody chose is fixed, and never has no end to be fixed."""
    assert parse_life(text, FakeClock()) == life
    assert Life(90 * 24 * HOUR) == DEFAULT_LIFE


@given(days=st.integers(0, 3000), offset=st.integers(-720, 840))
def test_a_date_lasts_to_its_very_end(days: int, offset: int) -> None:
    """`until DATE` is the date that was typed, by the zone it was typed in, and not the next."""
    clock = FakeClock(offset=offset)
    day = Stamp(START + days * 24 * HOUR, offset).day
    end = START + parse_life(day, clock).milliseconds
    assert Stamp(end, offset).day == day
    assert Stamp(end + 1, offset).day != day


ZONES = [
    *("Europe/Berlin", "America/New_York", "America/Havana", "America/Nuuk", "Atlantic/Azores"),
    *("Africa/Cairo", "Asia/Beirut", "Asia/Gaza", "Australia/Lord_Howe", "America/Santiago"),
    *("Africa/Casablanca", "Pacific/Auckland", "Pacific/Apia", "America/St_Johns", "Asia/Amman"),
]


@given(
    zone=st.sampled_from(ZONES),
    day=st.dates(min_value=date(1972, 1, 1), max_value=date(2037, 12, 30)),
)
def test_a_date_lasts_to_its_end_in_zones_that_change(zone: str, day: date) -> None:
    """The last moment that the wall clock shows the date, whatever its offset is now."""
    check_end(zone, day)


@pytest.mark.parametrize("zone", ZONES)
def test_a_date_on_which_the_clock_changes_lasts_to_its_end(zone: str) -> None:
    """Each such day of a generation, and the days around it."""
    offset_at = ZonedClock(FakeClock(), ZoneInfo(zone)).local_offset
    first = datetime(1987, 1, 1, tzinfo=UTC)
    days = [first + timedelta(days=number) for number in range(18_000)]
    offsets = [offset_at(round(each.timestamp()) * 1000) for each in days]
    changes = [place for place in range(1, len(days)) if offsets[place] != offsets[place - 1]]
    assert changes
    for place in changes:
        for near in (-2, -1, 0, 1):
            check_end(zone, days[place + near].date())


def check_end(zone: str, day: date) -> None:
    """Ask for the end of a day two days before it, and look at the clock on the wall there."""
    offset_at = ZonedClock(FakeClock(), ZoneInfo(zone)).local_offset
    noon = round(datetime.combine(day, time(12), UTC).timestamp()) * 1000
    asked = FakeClock(wall=noon - 48 * HOUR)
    life = parse_life(day.isoformat(), ZonedClock(asked, ZoneInfo(zone)))
    end = asked.wall + life.milliseconds
    later = range(end + 1, end + 26 * HOUR, HOUR // 4)
    if Stamp(end, offset_at(end)).day == day.isoformat():
        assert all(Stamp(at, offset_at(at)).day > day.isoformat() for at in later)
    else:  # Samoa had no 2011-12-30: then it is the end of the day before
        assert (zone, day) == ("Pacific/Apia", date(2011, 12, 30))
        assert Stamp(end, offset_at(end)).day == "2011-12-29"
        assert Stamp(end + 1, offset_at(end + 1)).day == "2011-12-31"


@pytest.mark.parametrize(
    ("now", "day", "end"),
    [
        ("2026-10-20T12:00+02:00", "2026-10-25", "2026-10-25T23:59:59.999+01:00"),
        ("2026-10-20T12:00+02:00", "2026-10-24", "2026-10-24T23:59:59.999+02:00"),
        ("2026-03-20T12:00+01:00", "2026-03-28", "2026-03-28T23:59:59.999+01:00"),
        ("2026-03-20T12:00+01:00", "2026-03-29", "2026-03-29T23:59:59.999+02:00"),
    ],
)
def test_the_end_of_days_around_a_change_in_berlin(now: str, day: str, end: str) -> None:
    """By the offset that holds at that midnight."""
    wall = round(datetime.fromisoformat(now).timestamp()) * 1000
    life = parse_life(day, ZonedClock(FakeClock(wall=wall), ZoneInfo("Europe/Berlin")))
    assert wall + life.milliseconds == round(datetime.fromisoformat(end).timestamp() * 1000)


@pytest.mark.parametrize(
    ("hours", "shown"), [(0, r"\d\d:\d\d"), (47, r"\d\d:\d\d"), (48, ""), (-1, r"\d\d:\d\d")]
)
def test_an_end_that_is_near_is_told_to_the_minute(hours: int, shown: str) -> None:
    """`until today` would leave open whether that was this morning."""
    clock = FakeClock(offset=480)
    until = format_expiry(START + hours * HOUR, clock)
    assert re.fullmatch(rf"until \d{{4}}-\d\d-\d\d ?{shown}", until)
    assert Stamp(START + hours * HOUR, 480).day in until


@pytest.mark.parametrize(
    "text", ["2030-12-24", "24.12.2030", "Dec 24 2030", "24 de diciembre de 2030"]
)
def test_a_date_may_be_written_in_words(text: str) -> None:
    """As everywhere; it lasts to its end."""
    end = datetime(2030, 12, 25, tzinfo=UTC)
    assert START + parse_life(text, FakeClock()).milliseconds == end.timestamp() * 1000 - 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("yesterday", "yesterday is .*, and would be over at once"),
        ("05/03/2030", "05/03/2030 may be 2030-03-05 or 2030-05-03"),
        ("2030", "2030 is 2030-01-01 to 2030-12-31; name one day"),
        ("2030-12-24 15:00", "says a time, and a day is asked for"),
    ],
)
def test_what_is_no_end(text: str, message: str) -> None:
    """It says why."""
    with pytest.raises(UsageError, match=f"--expires: .*{message}"):
        parse_life(text, FakeClock())


def test_slashes_in_an_end_are_read_as_the_settings_say() -> None:
    """The order is asked for."""
    life = parse_life("05/03/2030", FakeClock(), lambda: "dmy")
    assert life == parse_life("2030-03-05", FakeClock())


@given(st.text(max_size=12))
def test_any_words_are_a_life_or_a_mistake(text: str) -> None:
    """Nothing else comes of them, and no life that is over at once or that no clock can reach."""
    with suppress(UsageError):
        life = parse_life(text, FakeClock())
        assert life.milliseconds > 0 or text == "never"
        assert START + life.milliseconds <= MAX_MILLISECONDS


@pytest.mark.parametrize(
    "text",
    ["0d", "2001-01-01", "9999-12-31", "999999w", "2027-02-30", "30", "d", "-1d", "1.5d", ""],
)
def test_what_is_no_life(text: str) -> None:
    """Too short, too long, no such day, no such form."""
    with pytest.raises(UsageError, match="--expires"):
        parse_life(text, FakeClock(offset=60))


def test_the_last_day_that_fits() -> None:
    """A far date is accepted as long as every zone has the days around it."""
    life = parse_life("9999-12-27", FakeClock())
    assert datetime.fromtimestamp((START + life.milliseconds) / 1000, UTC).year == 9999
