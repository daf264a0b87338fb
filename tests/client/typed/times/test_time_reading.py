"""Words for a time are read as a whole, or refused: the table, and what is near its examples."""

import re
from calendar import monthrange
from datetime import date, datetime, timedelta
from itertools import chain
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaryclient.typed.times.clock_forms import MOMENT_FORMS, PAIRS, TIME_FORMS
from diaryclient.typed.times.day_forms import DAY_FORMS
from diaryclient.typed.times.period_forms import PERIOD_FORMS
from diaryclient.typed.times.time_form import SAID, Form
from diaryclient.typed.times.time_languages import LANGUAGES
from diaryclient.typed.times.time_reading import (
    Moment,
    OneDay,
    Reading,
    Span,
    UnknownWordsError,
    read_time,
)
from diaryclient.typed.times.time_scanning import fold
from protocol.errors import UsageError

FORMS: list[Form[Any]] = [*DAY_FORMS, *PERIOD_FORMS, *MOMENT_FORMS, *TIME_FORMS]
EXAMPLES = [*chain.from_iterable(form.examples for form in FORMS), *PAIRS]
MOMENTS = st.datetimes(datetime(1, 2, 1), datetime(9999, 1, 1))  # noqa: DTZ001 - wall clocks
WEEKDAYS = "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"


@pytest.mark.parametrize(("words", "meant"), EXAMPLES)
def test_the_examples_of_the_table(words: str, meant: str) -> None:
    """Each means what the document says, in either case, and with blank space around."""
    assert str(read_time(words, SAID)) == meant
    assert str(read_time(f"  {words.upper()}\t", SAID)) == meant


SAID_AT = [SAID + timedelta(days=days, hours=hours) for days, hours in [
    *[(0, 0), (0, 2), (1, 3), (2, 5), (3, 1), (4, -9), (5, 2), (6, 0), (40, 3), (97, 7), (460, 2)]
]]  # fmt: skip


def meaning(words: str, said: datetime) -> Reading | None:
    """Give what words mean when they are said then; None if they are refused."""
    try:
        return read_time(words, said)
    except UsageError:
        return None


PIECE = re.compile(r"[\u3040-\u9fff]|\d+|[^\W\d_\u3040-\u9fff]+|[^\w\s]|\s+")
JOINTS = ("at", "on", "of", "oclock", "year_mark", "day_mark", "minute_mark")
PARTS = ("parts", "halves")
SAY_THE_SAME = {
    piece
    for language in LANGUAGES.values()
    for field in JOINTS + PARTS
    for word in getattr(language, field).replace("|", " ").replace("_", " ").split()
    for piece in PIECE.findall(fold(word))
} | {
    *(",", ".", "'", "-", ":"),  # 24 or 24., o'clock, 2020-Q1, +08:00
    *("th", "er", "º", "个", "m", "s", "日", "t"),  # 24 or 24th, 上个星期天, diesem, weeks
    *("00", "12"),  # 15 Uhr 00, 12 at noon
}  # fmt: skip
"""What only joins, marks, spells, or confirms what is said already: it may be there or not."""


def changes(words: str, changed: str, piece: str) -> bool:
    """Tell whether a change of a piece is refused, or read as something else some day."""
    if fold(piece) in SAY_THE_SAME or meaning(changed, SAID) is None:
        return True
    return any(meaning(changed, said) != meaning(words, said) for said in SAID_AT)


@pytest.mark.parametrize("words", [words for words, _ in EXAMPLES])
def test_no_piece_is_left_unread(words: str) -> None:
    """Without one, or with one twice, the words mean something else or nothing."""
    pieces = PIECE.findall(words)
    for place, piece in enumerate(pieces):
        if not piece.isspace():
            before, after = "".join(pieces[:place]), "".join(pieces[place + 1 :])
            assert changes(words, before + after, piece), piece
            assert changes(words, f"{before}{piece}{piece}{after}", piece), piece
            assert changes(words, f"{before}{piece} {piece}{after}", piece), piece


ALL_PIECES = sorted({piece for words, _ in EXAMPLES for piece in words.split()})


@given(st.sampled_from(EXAMPLES), st.sampled_from(ALL_PIECES) | st.text(max_size=3), st.data())
def test_no_piece_can_be_put_in_unread(
    example: tuple[str, str], piece: str, data: st.DataObject
) -> None:
    """Known or not, it changes the meaning, or the words are refused."""
    words, _ = example
    pieces = PIECE.findall(words)
    place = data.draw(st.integers(0, len(pieces)))
    changed = " ".join(("".join(pieces[:place]), piece, "".join(pieces[place:])))
    inserted = [each for each in PIECE.findall(fold(piece)) if not each.isspace()]
    if inserted and not all(each in SAY_THE_SAME for each in inserted):
        assert changes(words, changed, piece)


@pytest.mark.parametrize(
    "words",
    [
        *("a", "99", "1st", "20.12", "13.01.", "13.1.20", "05/03", "5/3/20", "2020-1", "20201231"),
        *("yesterday 8.30", "yesterday at 3", "yesterday at", "at yesterday", "yesterday morning"),
        *("friday and", "on monday morning", "next friday", "in 3 days", "last today", "15"),
        *("gestern at 3pm", "hier um 15 Uhr", "三 days ago", "today9am", "yesterday\n3pm"),
        *("3点3点", "下午3点pm", "周八", "上今天", "midnight", "2 weeks 3 days ago", "one two"),
        *("Sunday 2026-11-29", "2026-11-29 2026-11-29", "may may", "2020 2020", "15:00+08:00"),
        *("yesterday 15:00Z", "10:00:00:00", "2026-11-22T", "x" * 500, "1 " * 60, "", " ", "a pm"),
        *("-1 days ago", "1.5 days ago", "½ days ago", "٣ days ago", "24 th december"),
    ],
)
def test_what_is_no_time_is_unknown(words: str) -> None:
    """Parts of dates, parts of the day, two languages at once, and all that is left over."""
    with pytest.raises(UnknownWordsError):
        read_time(words, SAID)


@pytest.mark.parametrize(
    "words",
    [
        *("2013-13-01", "2026-02-30", "2025-02-29", "29.2.2026", "31 april", "0000", "2020-13"),
        *("yesterday at 25:00", "yesterday at 8:75", "yesterday 13pm", "3 days ago at 25:00"),
        *("gestern um 25 Uhr", "0am", "24:00", "晚上12点", "99999 years ago", "13/13/2020"),
        *("2026-11-22T15:04+19:00", "last day", "9999 years ago at 8pm", "08:00:60"),
    ],
)
def test_what_no_calendar_or_clock_has_is_refused(words: str) -> None:
    """Nothing near it is taken instead."""
    with pytest.raises(UsageError, match="there is no such day or time"):
        read_time(words, SAID)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("05/03/2020", "05/03/2020 may be 2020-03-05 or 2020-05-03; .*, or set date_order"),
        ("mar", "mar may be 2026-03-01 to 2026-03-31 or 2026-11-24; write the one that is meant$"),
    ],
)
def test_what_has_two_readings_is_refused_with_both(words: str, message: str) -> None:
    """In one language or in two."""
    with pytest.raises(UsageError, match=message):
        read_time(words, SAID)


@given(st.dates())
def test_dates_with_dots_and_slashes(day: date) -> None:
    """Dots are day.month.year; slashes have both readings, unless there is one or it is set."""
    year = f"{day.year:04}"
    both = {day}
    if day.day <= 12:
        both.add(date(day.year, day.day, day.month))
    slashed = f"{day.day}/{day.month:02}/{year}"
    assert read_time(f"{day.day}.{day.month:02}.{year}", SAID) == OneDay(day)
    assert read_time(f"{year}/{day.month}/{day.day}", SAID) == OneDay(day)
    assert read_time(slashed, SAID, "dmy") == OneDay(day)
    assert read_time(slashed, SAID, "mdy").day in both  # type: ignore[union-attr]
    assert read_time(f"{day.month}/{day.day}/{year}", SAID, "mdy") == OneDay(day)
    if len(both) == 1:
        assert read_time(slashed, SAID) == OneDay(day)
    else:
        with pytest.raises(UsageError, match=" or ".join(f"{each}" for each in [day])):
            read_time(slashed, SAID)


@given(MOMENTS, st.sampled_from(["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"]), MOMENTS)
def test_every_iso_time_comes_back(moment: datetime, form: str, said: datetime) -> None:
    """To the second, in any year, whenever it is said."""
    words = moment.strftime(form).rjust(19, "0")
    assert read_time(words, said) == Moment(moment.replace(microsecond=0))


@given(MOMENTS, st.sampled_from(list(LANGUAGES)), st.integers(0, 6))
def test_a_weekday_is_the_latest_that_is_not_ahead(
    said: datetime, language: str, number: int
) -> None:
    """Within the last seven days, today included, in every language; so it is with a time."""
    for word in LANGUAGES[language].weekdays.split("|")[number].split():
        try:
            reading = read_time(word, said)
        except UsageError as error:
            assert " may be " in str(error)  # noqa: PT017 - mar is a month too
            continue
        assert isinstance(reading, OneDay)
        assert timedelta() <= said.date() - reading.day < timedelta(days=7)
        assert reading.day.weekday() == number
    timed = read_time(f"{WEEKDAYS[number]} 15:00", said)
    assert isinstance(timed, Moment)
    assert timedelta() <= said - timed.wall < timedelta(days=7)


@given(MOMENTS, st.integers(0, 6))
def test_the_last_weekday_is_before_today(said: datetime, number: int) -> None:
    """Within the seven days before."""
    reading = read_time(f"last {WEEKDAYS[number]}", said)
    assert isinstance(reading, OneDay)
    assert timedelta() < said.date() - reading.day <= timedelta(days=7)
    assert reading.day.weekday() == number


@given(st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)), st.dates())  # noqa: DTZ001
def test_a_day_of_a_month_is_the_latest_that_is_not_ahead(said: datetime, day: date) -> None:
    """A leap day too."""
    reading = read_time(f"{day.day} {day:%b}", said)
    assert isinstance(reading, OneDay)
    assert (reading.day.month, reading.day.day) == (day.month, day.day)
    later = range(reading.day.year + 1, said.year + 1)
    assert all(
        day.day > monthrange(year, day.month)[1] or date(year, day.month, day.day) > said.date()
        for year in later
    )
    assert reading.day <= said.date()


@given(MOMENTS)
def test_periods_are_whole_and_have_begun(said: datetime) -> None:
    """From their first day to their last, with one year or another."""
    for number in range(1, 13):
        month = read_time(f"{date(2000, number, 1):%B}", said)
        assert isinstance(month, Span)
        assert (month.first.day, month.first.month) == (1, number)
        assert month.last.day == monthrange(month.first.year, number)[1]
        assert month.first <= said.date() < month.first.replace(year=month.first.year + 1)
    for number in range(1, 5):
        quarter = read_time(f"Q{number}", said)
        assert isinstance(quarter, Span)
        assert read_time(f"{quarter.first.year:04}-Q{number}", said) == quarter
        assert quarter.first <= said.date()
    week = read_time("this week", said)
    assert isinstance(week, Span)
    assert week.first <= said.date() <= week.last == week.first + timedelta(days=6)


@given(st.text(max_size=40) | st.text("0123456789.:/- aptwdfz日月年点前", max_size=20), MOMENTS)
def test_any_text_is_read_or_refused(words: str, said: datetime) -> None:
    """No other error comes of it."""
    try:
        reading = read_time(words, said)
    except UsageError:
        return
    assert isinstance(reading, OneDay | Moment | Span)


@pytest.mark.parametrize("said", ["0001-01-01T00:00", "9999-12-31T23:59"])
@pytest.mark.parametrize("words", [words for words, _ in EXAMPLES])
def test_the_ends_of_the_calendar(words: str, said: str) -> None:
    """What lies beyond them is refused."""
    try:
        read_time(words, datetime.fromisoformat(said))
    except UsageError as error:
        assert str(error) == "there is no such day or time"  # noqa: PT017 - or it is read


GROUPS = {"weekdays": 7, "months": 12, "near": 3, "units": 6, "numbers": 12, "parts": 5}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_languages_are_whole(language: str) -> None:
    """Each field that is there has the groups that it counts, and no word stands twice in it."""
    for field, words in LANGUAGES[language]._asdict().items():
        if words and not isinstance(words, bool):
            assert len(words.split("|")) == GROUPS.get(field, len(words.split("|"))), field
            known = [fold(word) for word in words.replace("|", " ").split()]
            assert len(known) == len(set(known)), field
