"""What was typed becomes days and moments of the writer's zone."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaryclient.typed.time_reader import TimeReader
from diaryclient.typed.zones import ZonedClock
from protocol.errors import UsageError
from protocol.stamp import Stamp, parse_stamp
from tests.client.fakes import FakeClock

BERLIN = ZonedClock(FakeClock(), ZoneInfo("Europe/Berlin")).local_offset


def said(moment: str) -> TimeReader:
    """Give a reader of what is typed in Berlin at a moment."""
    return TimeReader(parse_stamp(moment), BERLIN)


@pytest.mark.parametrize(
    ("now", "words", "then"),
    [
        # The clock was set back from three to two, and on from two to three.
        ("2026-10-25T04:00:00.000+01:00", "3 hours ago", "2026-10-25T02:00:00.000+02:00"),
        ("2026-10-25T04:00:00.000+01:00", "90 minutes ago", "2026-10-25T02:30:00.000+01:00"),
        ("2026-03-29T04:00:00.000+02:00", "2 hours ago", "2026-03-29T01:00:00.000+01:00"),
        ("2026-03-29T04:00:00.000+02:00", "a day ago", "2026-03-28T09:00:00.000+01:00"),
        ("2026-03-29T04:00:00.000+02:00", "yesterday at 2:30", "2026-03-28T02:30:00.000+01:00"),
        ("2026-10-25T04:00:00.000+01:00", "2:30", "2026-10-25T02:30:00.000+02:00"),
        ("2026-10-26T04:00:00.000+01:00", "now", "2026-10-26T04:00:00.000+01:00"),
        ("2026-10-26T04:00:00.000+01:00", "today", "2026-10-26T04:00:00.000+01:00"),
        ("2026-10-26T04:00:00.000+01:00", "26.10.2026", "2026-10-26T04:00:00.000+01:00"),
        ("2026-10-26T04:00:00.000+01:00", "25.10.2026", "2026-10-25T09:00:00.000+01:00"),
        ("2026-10-26T04:00:00.000+01:00", "04:01", "2026-10-26T04:01:00.000+01:00"),
    ],
)
def test_moments_in_a_zone_that_changes(now: str, words: str, then: str) -> None:
    """Hours ago pass on every clock; a time is what the clock on the wall showed."""
    assert said(now).stamp(words, "--at") == parse_stamp(then)


@given(st.integers(0, 99_999), st.integers(0, 10**12))
def test_minutes_ago_are_minutes(minutes: int, at: int) -> None:
    """Whatever the zone did meanwhile."""
    now = Stamp(1_790_000_000_000 + at // 10, BERLIN(1_790_000_000_000 + at // 10))
    then = TimeReader(now, BERLIN).stamp(f"{minutes} minutes ago", "--at")
    assert now.at - then.at == minutes * 60_000
    assert then.off == BERLIN(then.at)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("04:03", "04:03 is still to come today; name the day, as in 2026-10-25 04:03$"),
        ("tomorrow", "2026-10-27 09:00.* is in the future"),
        ("last week", "last week is 2026-10-19 to 2026-10-25; name a day"),
        ("soon", "these words name no time that is known"),
        ("31.04.2020", "there is no such day or time"),
    ],
)
def test_what_is_no_moment(words: str, message: str) -> None:
    """The message names the option, and says why."""
    with pytest.raises(UsageError, match=f"^--at: {message}"):
        said("2026-10-26T04:00:00.000+01:00").stamp(words, "--at")


def test_the_order_of_slashes_is_asked_for_when_there_are_some() -> None:
    """Full-width ones too; the settings need not be read for anything else."""
    asked = list[str]()

    def order() -> None:
        asked.append("order")

    reader = said("2026-10-26T04:00:00.000+01:00")._replace(order=order)
    assert reader.days("yesterday", "--on") == ("2026-10-25", "2026-10-25")
    assert not asked
    for words in ("05/03/2020", "05／03／2020"):
        with pytest.raises(UsageError, match="may be 2020-03-05 or 2020-05-03"):
            reader.days(words, "--on")
        assert asked.pop() == "order"
        assert reader._replace(order=lambda: "mdy").day(words, "--on") == "2020-05-03"
