"""The times that may stand before a text, and all that is no time."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaryclient.typed.date_words import parse_when, split_prefix

NOW = datetime(2026, 11, 25, 14, 0)  # noqa: DTZ001 - a wall clock; a Wednesday
TIMES = st.datetimes(datetime(1, 2, 1), datetime(9999, 1, 1))  # noqa: DTZ001 - as above


@pytest.mark.parametrize(
    ("words", "wall"),
    [
        ("2026-11-22", "2026-11-22T09:00"),
        ("2026-11-22 15:04", "2026-11-22T15:04"),
        ("2026-11-22 15:04:05", "2026-11-22T15:04:05"),
        ("2026-11-22T15:04", "2026-11-22T15:04"),
        ("2026-11-22T15:04+08:00", "2026-11-22T15:04+08:00"),
        ("2026-11-22T15:04Z", "2026-11-22T15:04+00:00"),
        ("2026-11-22, at 3pm", "2026-11-22T15:00"),
        ("yesterday", "2026-11-24T09:00"),
        ("yesterday at 3pm", "2026-11-24T15:00"),
        ("Yesterday 3:30 PM", "2026-11-24T15:30"),
        ("3pm yesterday", "2026-11-24T15:00"),
        ("at 9:05", "2026-11-25T09:05"),
        ("12am", "2026-11-25T00:00"),
        ("12:30pm", "2026-11-25T12:30"),
        ("today 23:59", "2026-11-25T23:59"),
        ("tue", "2026-11-24T09:00"),
        ("Thursday", "2026-11-19T09:00"),
        ("wednesday at 13:00", "2026-11-25T13:00"),
        ("wednesday at 15:00", "2026-11-18T15:00"),
        ("last wednesday", "2026-11-18T09:00"),
        ("昨天", "2026-11-24T09:00"),
        ("前天晚上8点", "2026-11-23T20:00"),
        ("昨天下午3点", "2026-11-24T15:00"),
        ("昨天 下午三点半", "2026-11-24T15:30"),
        ("今天上午10点15分", "2026-11-25T10:15"),
        ("下午1:30", "2026-11-25T13:30"),
        ("中午12点", "2026-11-25T12:00"),
        ("中午1点", "2026-11-25T13:00"),
        ("凌晨12点", "2026-11-25T00:00"),
        ("早上十一点", "2026-11-25T11:00"),
        ("周二", "2026-11-24T09:00"),
        ("星期天", "2026-11-22T09:00"),
        ("上周三", "2026-11-18T09:00"),
        ("上周日 10:00", "2026-11-22T10:00"),
        ("２０２６-11-22 １５:04", "2026-11-22T15:04"),
    ],
)
def test_what_fits(words: str, wall: str) -> None:
    """Full-width digits and either case count as the same."""
    when = parse_when(words)
    assert when
    assert when.wall(NOW) == datetime.fromisoformat(wall)


@pytest.mark.parametrize("words", ["today", "2026-11-25", "Wednesday", "今天", "周三"])
def test_today_without_a_time_is_now(words: str) -> None:
    """However it is said."""
    when = parse_when(words)
    assert when
    assert when.wall(NOW) is None
    assert when.day(NOW.date()) == NOW.date()


@pytest.mark.parametrize(
    "words",
    [
        *("", "Note", "todays", "to day", "3", "at 3", "15", "25:00", "12:60", "13pm", "0am"),
        *("2026-02-30", "2026-11-22T", "2026-11-22+08:00", "15:00+08:00", "yesterday 15:00Z"),
        *("today9am", "yesterday and", "on monday morning", "last today", "monday tuesday"),
        *("晚上12点", "下午3点pm", "3点3点", "周八", "上今天", "yesterday\n3pm", "x" * 500),
        *("https", "10:00:00:00", "at", "at today"),
    ],
)
def test_what_does_not_fit_as_a_whole_is_no_time(words: str) -> None:
    """It stays part of the text."""
    assert parse_when(words) is None


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("yesterday at 3pm: Met Bob.", "Met Bob."),
        ("yesterday:  two\nlines", "two\nlines"),
        ("今天：天气很好", "天气很好"),
        ("下午3点：跑步", "跑步"),
        ("下午1：30：跑步", "跑步"),
        ("15:00: tea: green", "tea: green"),
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
    found = split_prefix(text)
    assert (found and found[1]) == rest


@given(st.text(max_size=80))
def test_any_text_has_a_time_or_stays_whole(text: str) -> None:
    """Never an error; the rest is the end of the text."""
    found = split_prefix(text)
    if found:
        assert text.endswith(found[1])
        found[0].wall(NOW)


@given(TIMES, st.sampled_from(["{:%Y-%m-%d %H:%M:%S}", "{:%Y-%m-%dT%H:%M:%S}"]))
def test_every_iso_time_comes_back(moment: datetime, form: str) -> None:
    """To the second, in any year, whenever it is said."""
    words = form.format(moment).rjust(19, "0")
    when = parse_when(words)
    assert when
    assert when.wall(NOW) == moment.replace(microsecond=0)


@given(st.dates(date(2, 1, 1)), st.sampled_from(["mon", "Tuesday", "周三", "星期四", "礼拜天"]))
def test_a_weekday_is_the_latest_that_is_not_ahead(today: date, words: str) -> None:
    """Within the last seven days, today included."""
    when = parse_when(words)
    assert when
    day = when.day(today)
    assert day
    assert timedelta() <= today - day < timedelta(days=7)
    assert day.weekday() == ["mon", "Tuesday", "周三", "星期四", "", "", "礼拜天"].index(words)
