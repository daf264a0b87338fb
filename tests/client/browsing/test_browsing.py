"""Finding entries over a network in memory: the right ones, in the right order, cheaply."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaryclient.browsing.browsing import Page, Query, browse, find_entry
from diaryclient.entries.selection import Selection
from diaryclient.errors import NoSuchEntryError
from protocol.dayfile import Written, format_record
from protocol.identifiers import Day, EntryId
from protocol.messages.diary import Days, Read
from protocol.stamp import Stamp
from tests.client.desk import Desk
from tests.client.fakes import START

TODAY = Stamp(START, 0).wall.date()
DAY = 86_400_000


def fill(desk: Desk, ages: list[int], texts: str = "abc") -> list[str]:
    """Put an entry for each text into the day of each age, in days; give all by time."""
    for age in ages:
        for place, letter in enumerate(texts):
            at = START - age * DAY + place
            entry_id = EntryId.make(at, bytes([place]) * 10)
            line = format_record(Written(Stamp(at, 0), entry_id, f"{age}{letter}"))
            day = Stamp(at, 0).day
            desk.server.files[day] = desk.server.files.get(day, b"") + line
    return [f"{age}{letter}" for age in sorted(ages, reverse=True) for letter in texts]


def shown(desk: Desk, query: Query) -> list[str]:
    """Give the texts that a query finds."""
    return [entry.text for page in browse(desk.diary(), query) for entry in page.entries]


def asked(desk: Desk, kind: type[Days] | type[Read]) -> int:
    """Count the requests of a kind."""
    return sum(isinstance(request, kind) for _, request in desk.server.requests)


@given(
    ages=st.lists(st.integers(-2, 1200), unique=True, max_size=8),
    newest=st.none() | st.integers(1, 12),
    is_reversed=st.booleans(),
)
def test_the_newest_are_the_end_of_all(
    tmp_path_factory: pytest.TempPathFactory, ages: list[int], newest: int | None, is_reversed: bool
) -> None:
    """However far back they lie, also those of tomorrow."""
    desk = Desk(tmp_path_factory.mktemp("desk"))
    expected = fill(desk, ages)[-(newest or 0) :]
    if is_reversed:
        expected.reverse()
    assert shown(desk, Query(newest=newest, is_reversed=is_reversed)) == expected


@given(
    st.lists(st.integers(0, 9000), unique=True, max_size=6),
    st.integers(0, 9000),
    st.integers(0, 9000),
)
def test_days_backwards_are_the_days_forwards(
    tmp_path_factory: pytest.TempPathFactory, ages: list[int], one: int, other: int
) -> None:
    """Between any two days."""
    desk = Desk(tmp_path_factory.mktemp("desk"))
    fill(desk, ages, "a")
    first, last = (
        Day((TODAY - timedelta(days=age)).isoformat()) for age in sorted((one, other), reverse=True)
    )
    forwards = [page.day for page in desk.diary().entries(first, last)]
    assert [page.day for page in desk.diary().newest_entries(first, last)] == forwards[::-1]


def test_the_last_entries_of_a_long_diary_cost_little(desk: Desk) -> None:
    """Not the whole diary."""
    fill(desk, list(range(900)), "a")
    assert shown(desk, Query(newest=3)) == ["2a", "1a", "0a"]
    assert asked(desk, Days) <= 2
    assert asked(desk, Read) <= 33


def test_the_search_for_the_newest_that_match_goes_on(desk: Desk) -> None:
    """The number counts what is selected."""
    fill(desk, list(range(0, 400, 40)))
    selection = Selection(contains=("b",))
    assert shown(desk, Query(selection=selection, newest=2)) == ["40b", "0b"]


@given(st.integers(0, 16_000))
def test_anniversaries_are_the_same_day_of_every_year(
    tmp_path_factory: pytest.TempPathFactory, age: int
) -> None:
    """Also the 29th of February, where there is one; days that are near are not asked for."""
    desk = Desk(tmp_path_factory.mktemp("desk"))
    day = TODAY - timedelta(days=age)
    years = [year for year in range(day.year - 9, day.year + 1) if in_calendar(year, day)]
    ages = [(TODAY - day.replace(year=year)).days for year in years]
    expected = fill(desk, ages, "a")
    fill(desk, [age + 1, age + 400], "x")
    anniversary = Day(day.isoformat())
    found = shown(desk, Query(anniversary=anniversary))
    assert found == expected
    assert shown(desk, Query(anniversary=anniversary, newest=1)) == expected[-1:]


def in_calendar(year: int, day: date) -> bool:
    """Tell whether a year has a day."""
    return day.strftime("%m%d") != "0229" or (year % 4 == 0 and (year % 100 > 0 or year % 400 == 0))


def test_an_empty_diary_has_nothing(desk: Desk) -> None:
    """In no order."""
    today = Day(TODAY.isoformat())
    for query in (Query(), Query(newest=1), Query(is_reversed=True), Query(anniversary=today)):
        assert shown(desk, query) == []


def test_foreign_lines_match_no_condition(desk: Desk) -> None:
    """They come with the day, unless something is looked for."""
    desk.server.files[Day("2026-11-01")] = b"scribble\n"
    [page] = browse(desk.diary(), Query())
    assert [line.raw for line in page.foreign] == [b"scribble"]
    for query in (Query(newest=1), Query(selection=Selection(contains=("scribble",)))):
        assert list[Page](browse(desk.diary(), query)) == []


def test_an_entry_is_found_by_the_end_of_its_id(desk: Desk) -> None:
    """Wherever it stands; a whole id ends the search where it is found."""
    fill(desk, [0, 700], "a")
    fill(desk, [350], "ab")
    assert find_entry(desk.diary(), "101").text == "350b"
    [newest] = [entry for page in browse(desk.diary(), Query(newest=1)) for entry in page.entries]
    before = asked(desk, Read)
    assert find_entry(desk.diary(), newest.id.hex()).text == "0a"
    assert asked(desk, Read) - before == 1
    with pytest.raises(NoSuchEntryError):
        find_entry(desk.diary(), "abcdef")


def test_an_entry_before_eight_at_utc_8_is_of_today(desk: Desk) -> None:
    """In UTC it is still yesterday."""
    desk.clock.wall = START // DAY * DAY + 23 * DAY // 24 + DAY // 48
    desk.clock.offset = 480
    diary = desk.diary()
    diary.put(diary.compose("half past seven"))
    today = diary.today()
    assert today > Stamp(desk.clock.wall, 0).day
    assert shown(desk, Query(today, today)) == ["half past seven"]


def test_who_flies_west_finds_the_entries_of_tomorrow(desk: Desk) -> None:
    """The writer's wall clock decided their day; without an end they are found."""
    desk.clock.offset = 14 * 60
    diary = desk.diary()
    diary.put(diary.compose("written in the east"))
    desk.clock.offset = -10 * 60
    today = diary.today()
    assert shown(desk, Query(today, today)) == []
    assert shown(desk, Query(today)) == shown(desk, Query(newest=1)) == ["written in the east"]
