"""How long a token shall live, in the words of `--expires`."""

import re
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaryclient.dates import format_expiry
from diaryclient.lifetime import DEFAULT_LIFE, Life, parse_life
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


@pytest.mark.parametrize(
    ("hours", "shown"), [(0, r"\d\d:\d\d"), (47, r"\d\d:\d\d"), (48, ""), (-1, r"\d\d:\d\d")]
)
def test_an_end_that_is_near_is_told_to_the_minute(hours: int, shown: str) -> None:
    """`until today` would leave open whether that was this morning."""
    clock = FakeClock(offset=480)
    until = format_expiry(START + hours * HOUR, clock)
    assert re.fullmatch(rf"until \d{{4}}-\d\d-\d\d ?{shown}", until)
    assert Stamp(START + hours * HOUR, 480).day in until


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
    """A far date is accepted as long as a day file could name it."""
    life = parse_life("9999-12-30", FakeClock())
    assert datetime.fromtimestamp((START + life.milliseconds) / 1000, UTC).year == 9999
