"""What a typed text says about itself."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaryclient.typed.composing import Composition, read_text, stamp_of_wall, take_star
from diaryclient.typed.time_reader import TimeReader
from protocol.errors import UsageError
from protocol.stamp import Stamp, parse_stamp

NOW = parse_stamp("2026-11-25T14:00:00.000+08:00")


def in_shanghai(at: int) -> int:
    """Give the zone's offset."""
    return 480 + 0 * at


def read(text: str) -> Composition:
    """Read a text typed at NOW in Shanghai."""
    return read_text(text, lambda: TimeReader(NOW, in_shanghai))


def test_a_time_before_the_text_is_its_time() -> None:
    """By the writer's wall clock."""
    assert read("yesterday at 3pm: Met Bob. *") == Composition(
        "Met Bob.", star=True, at=parse_stamp("2026-11-24T15:00:00.000+08:00")
    )
    assert read("今天：天气") == Composition("天气")


@given(st.text(st.characters(exclude_characters=":：*")))
def test_a_text_without_colon_and_star_stays_as_it_is(text: str) -> None:
    """To the last blank."""
    assert read(text) == Composition(text)


@pytest.mark.parametrize(
    "text", ["Note: buy milk", "a: b: c", "12: the number", "* a list\n* of two"]
)
def test_what_is_no_time_stays_whole(text: str) -> None:
    """Nothing is guessed."""
    assert read(text) == Composition(text)


@pytest.mark.parametrize(
    "text", ["today at 3pm: dentist", "2027-01-01: resolutions", "today at 23:00: sleep"]
)
def test_the_future_is_refused(text: str) -> None:
    """With a way to keep the words."""
    with pytest.raises(UsageError, match=r"is in the future.*; --no-parse takes the words"):
        read(text)


@pytest.mark.parametrize(
    ("text", "without", "star"),
    [
        ("Best day *", "Best day", True),
        ("Best day.*", "Best day.", True),
        ("Best day. *\nIt was.", "Best day.\nIt was.", True),
        ("Best day *\nIt was.", "Best day\nIt was.", True),
        ("A **bold** word", "A **bold** word", False),
        ("So **bold**", "So **bold**", False),
        ("*emphasis*", "*emphasis*", False),
        ("*", "*", False),
        ("First\nsecond *", "First\nsecond *", False),
        ("One. Two *", "One. Two *", False),
        ("* item", "* item", False),
    ],
)
def test_a_single_star_at_the_titles_end_stars(text: str, without: str, *, star: bool) -> None:
    """Markdown's emphasis does not."""
    assert take_star(text) == (without, star)


@given(st.text("ab .*\n", max_size=20))
def test_a_star_is_all_that_is_taken(text: str) -> None:
    """And the blank before it."""
    without, star = take_star(text)
    assert without.replace(" ", "") == (
        text.replace(" ", "").replace("*", "", 1) if star else text.replace(" ", "")
    )
    assert star or without == text


@given(st.timedeltas(timedelta(days=-3000), timedelta(minutes=2)))
def test_words_for_a_moment_that_is_not_ahead(back: timedelta) -> None:
    """To the millisecond."""
    moment = NOW.wall.replace(tzinfo=None) + back
    stamp = stamp_of_wall(moment, NOW, in_shanghai)
    assert stamp.wall.replace(tzinfo=None) == moment.replace(
        microsecond=moment.microsecond // 1000 * 1000
    )


def test_travel_keeps_both_clocks() -> None:
    """An entry carries the zone in which its words were said."""
    shown = datetime.fromisoformat("2026-11-24T09:00")
    there = stamp_of_wall(shown, NOW, lambda _: -600)
    here = stamp_of_wall(shown, NOW, in_shanghai)
    assert (there.day, there.off, here.off) == (here.day, -600, 480)
    assert there.at - here.at == 18 * 3_600_000
    assert Stamp(there.at, 480).day == "2026-11-25"
