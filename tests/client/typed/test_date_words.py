"""The times that may stand before a text, and all that is no time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaryclient.typed.date_words import split_prefix
from diaryclient.typed.time_reader import TimeReader
from protocol.errors import UsageError
from protocol.stamp import parse_stamp

NOW = parse_stamp("2026-11-25T14:00:00.000+00:00")
"""A Wednesday."""

READER = TimeReader(NOW, lambda at: 0 * at)


@pytest.mark.parametrize(
    ("words", "wall"),
    [
        ("2026-11-22", "2026-11-22 09:00"),
        ("2026-11-22 15:04", "2026-11-22 15:04"),
        ("2026-11-22T15:04+08:00", "2026-11-22 15:04"),
        ("2026-11-22, at 3pm", "2026-11-22 15:00"),
        ("22.11.2026", "2026-11-22 09:00"),
        ("yesterday at 3pm", "2026-11-24 15:00"),
        ("3pm yesterday", "2026-11-24 15:00"),
        ("at 9:05", "2026-11-25 09:05"),
        ("12am", "2026-11-25 00:00"),
        ("tue", "2026-11-24 09:00"),
        ("wednesday at 13:00", "2026-11-25 13:00"),
        ("wednesday at 15:00", "2026-11-18 15:00"),
        ("last wednesday", "2026-11-18 09:00"),
        ("3 days ago", "2026-11-22 09:00"),
        ("2 hours ago", "2026-11-25 12:00"),
        ("24 december", "2025-12-24 09:00"),
        ("三天前", "2026-11-22 09:00"),
        ("前天晚上8点", "2026-11-23 20:00"),
        ("昨晚8点", "2026-11-24 20:00"),
        ("昨天 下午三点半", "2026-11-24 15:30"),
        ("今天上午10点15分", "2026-11-25 10:15"),
        ("中午12点", "2026-11-25 12:00"),
        ("凌晨12点", "2026-11-25 00:00"),
        ("早上十一点", "2026-11-25 11:00"),
        ("星期天", "2026-11-22 09:00"),
        ("上周日 10:00", "2026-11-22 10:00"),
        ("２０２６-11-22 １５:04", "2026-11-22 15:04"),
    ],
)
def test_a_time_before_a_text(words: str, wall: str) -> None:
    """By the wall clock, or by an offset of its own."""
    found = split_prefix(f"{words}: text", READER)
    assert found
    assert (found[0].wall.strftime("%Y-%m-%d %H:%M"), found[1]) == (wall, "text")


@pytest.mark.parametrize("words", ["today", "2026-11-25", "Wednesday", "今天", "周三"])
def test_today_without_a_time_is_now(words: str) -> None:
    """However it is said."""
    assert split_prefix(f"{words}: text", READER) == (NOW, "text")


@pytest.mark.parametrize(
    "words",
    [
        *("", "Note", "todays", "to day", "3", "at 3", "15", "2026-11-22+08:00", "15:00+08:00"),
        *("yesterday 15:00Z", "today9am", "yesterday and", "on monday morning", "last today"),
        *("monday tuesday", "下午3点pm", "3点3点", "周八", "上今天", "yesterday\n3pm", "x" * 500),
        *("https", "10:00:00:00", "at", "at today", "yesterday 8.30", "12/25"),
        # words that are known where a time is asked for, and as well begin a text
        *("May", "2020", "Q1", "2020-12", "last week", "now", "tomorrow", "tomorrow at 3pm", "mar"),
        *("gestern", "so", "hier", "hoje", "nu"),
    ],
)
def test_what_is_no_time_stays_in_the_text(words: str) -> None:
    """As a whole."""
    assert split_prefix(f"{words}: text", READER) is None


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("2026-02-30", "there is no such day or time"),
        ("yesterday at 25:00", "there is no such day or time"),
        ("25:00", "there is no such day or time"),
        ("13pm", "there is no such day or time"),
        ("晚上12点", "there is no such day or time"),
        ("05/03/2020", "05/03/2020 may be 2020-03-05 or 2020-05-03"),
        ("8pm", "8pm is still to come today; name the day, as in 2026-11-24 20:00"),
        ("today at 8pm", r"2026-11-25 20:00\+00:00 is in the future"),
    ],
)
def test_a_time_that_cannot_be_meant_is_refused(words: str, message: str) -> None:
    """The entry would be of now, with the words in its text."""
    with pytest.raises(UsageError, match=f"^{message}"):
        split_prefix(f"{words}: text", READER)


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("yesterday at 3pm: Met Bob.", "Met Bob."),
        ("yesterday:  two\nlines", "two\nlines"),
        ("今天：天气很好", "天气很好"),
        ("中午12点：跑步", "跑步"),
        ("下午1：30：跑步", "跑步"),
        ("11:00: tea: green", "tea: green"),
        ("today:\nnext line", "next line"),
        ("Note: buy milk", None),
        ("yesterday:no space", None),
        ("yesterday", None),
        ("yesterday: ", None),
        (": text", None),
        ("see: yesterday: no", None),
        ("http://example.org: down", None),
        ("3：4：5", None),
        (f"{' ' * 60}yesterday: x", None),
    ],
)
def test_only_the_words_before_the_first_colon_count(text: str, rest: str | None) -> None:
    """A colon with a space, or a Chinese one that stands between no two digits."""
    found = split_prefix(text, READER)
    assert (found and found[1]) == rest


@given(st.text(max_size=80) | st.text("今天昨3点5pm.:/- ", max_size=20))
def test_any_text_has_a_time_or_stays_whole_or_is_refused(text: str) -> None:
    """No other error; the rest is the end of the text, and no time is ahead."""
    try:
        found = split_prefix(text, READER)
    except UsageError:
        return
    if found:
        assert text.endswith(found[1])
        assert found[0].at <= NOW.at + 120_000
