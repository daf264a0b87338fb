"""The map of a year and the chart of hours, on screens of every width."""

import re
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaryclient.formats.pretty import Look
from diaryclient.lookback.heat_map import GLYPHS, PALETTE, Scale, draw_year
from diaryclient.lookback.hours import draw_hours
from protocol.identifiers import Day

LAST = Day("9999-12-31")
COLOURS = re.compile(r"\x1b\[[\d;]*m")
COUNTS = st.dictionaries(st.integers(0, 365), st.integers(1, 40), max_size=60)
WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]


def of_year(year: int, numbers: dict[int, int]) -> dict[Day, int]:
    """Give counts by day for those by the number of a day in its year."""
    begin, end = date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal()
    by_ordinal = {min(begin + number, end): count for number, count in numbers.items()}
    return {Day(date.fromordinal(day).isoformat()): n for day, n in by_ordinal.items()}


def split(rows: list[str]) -> tuple[list[list[str]], list[str]]:
    """Give the rows of each part, the labels of its months first, and those of the legend."""
    assert rows[1] == ""
    groups: list[list[str]] = []
    for row in rows[1:]:
        if row:
            groups[-1].append(row)
        else:
            groups.append([])
    return groups[:-1], groups[-1]


@given(st.integers(1, 9999), COUNTS, st.integers(10, 130))
def test_every_day_of_the_year_is_drawn_once_in_its_place(
    year: int, numbers: dict[int, int], columns: int
) -> None:
    """In the row of its weekday, below its month, with the mark that the legend gives its count."""
    counts = of_year(year, numbers)
    scale = Scale.of(counts.values())
    parts, _ = split(draw_year(year, counts, LAST, Look(columns)))
    begin, end = date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal()
    days = [Day(date.fromordinal(day).isoformat()) for day in range(begin, end + 1)]
    marks = [row[4:].replace(" ", "") for _, *rows in parts for row in rows]
    cell = sum(map(len, marks)) // len(days)
    seen = []
    for labels, *rows in parts:
        assert len(labels.split()) == 12 // len(parts)
        assert [row[:3] for row in rows] == WEEKDAYS
        assert all(row[4::cell] == row[3 + cell :: cell] for row in rows)
        grid = [row[4::cell].ljust(60) for row in rows]
        seen += [row[week] for week in range(60) for row in grid if row[week] != " "]
    assert seen == [GLYPHS[scale.level(counts.get(day, 0))] for day in days]


@given(st.integers(1, 9999), COUNTS, st.integers(10, 130))
def test_a_map_fits_its_screen(year: int, numbers: dict[int, int], columns: int) -> None:
    """From ten columns on, and no part is wider than it must be; without a width, 80."""
    counts = of_year(year, numbers)
    rows = draw_year(year, counts, LAST, Look(columns))
    parts, legend = split(rows)
    assert all(len(row) <= columns for part in parts for row in part)
    assert all(len(row) <= max(columns, len("O 10-40")) for row in legend)
    assert len(rows[0]) <= len("9999: 2,400 entries on 60 days")
    assert draw_year(year, counts, LAST, Look()) == draw_year(year, counts, LAST, Look(80))


@given(st.integers(1, 9999), COUNTS, st.integers(10, 130))
def test_colours_change_no_character(year: int, numbers: dict[int, int], columns: int) -> None:
    """A map that is copied out of a terminal says the same."""
    counts = of_year(year, numbers)
    plain = draw_year(year, counts, LAST, Look(columns))
    coloured = draw_year(year, counts, LAST, Look(columns, has_colours=True))
    assert [COLOURS.sub("", row).rstrip() for row in coloured] == plain


@pytest.mark.parametrize(("columns", "parts"), [(80, 1), (40, 2), (20, 4), (10, 12)])
def test_a_narrow_screen_gets_the_year_in_parts(columns: int, parts: int) -> None:
    """At 80 columns it is whole."""
    drawn, _ = split(draw_year(2024, {}, LAST, Look(columns)))
    assert len(drawn) == parts


def test_days_to_come_are_blank_unless_somebody_wrote_there() -> None:
    """East of here it may be tomorrow."""
    counts = {Day("2026-01-01"): 1, Day("2026-01-03"): 1}
    [[_, *rows]], _ = split(draw_year(2026, counts, Day("2026-01-01"), Look(80)))
    assert rows == ["Mon", "Tue", "Wed", "Thu #", "Fri", "Sat #", "Sun"]


@given(st.lists(st.integers(0, 1000), max_size=60))
def test_more_entries_are_never_a_weaker_mark(counts: list[int]) -> None:
    """None is the first mark, any is another, the most is the last; the legend has every count."""
    scale = Scale.of(counts)
    levels = [scale.level(count) for count in sorted(counts)]
    assert levels == sorted(levels)
    assert all(
        (level == 0) == (count == 0) for level, count in zip(levels, sorted(counts), strict=True)
    )
    if any(counts):
        assert levels[-1] == len(GLYPHS) - 1
    named = {level: name for name, level in scale.legend()}
    for count in filter(None, counts):
        low, _, high = named[scale.level(count)].partition("-")
        assert int(low) <= count <= int(high or low)


def red_and_green(colour: int) -> tuple[int, int]:
    """Give two of the three parts of a colour of the 6 x 6 x 6 cube that terminals have."""
    return (colour - 16) // 36, (colour - 16) // 6 % 6


def test_the_colours_are_in_order_for_every_eye() -> None:
    """Without red, without green or in grey: each shade is brighter than the one before."""
    assert len(PALETTE) == len(GLYPHS) - 1
    shades = [red_and_green(colour) for colour in PALETTE]
    for before, after in pairwise(shades):
        assert before[0] < after[0]
        assert before[1] < after[1]


@given(st.lists(st.integers(0, 10_000), min_size=24, max_size=24).filter(any), st.integers(31, 120))
def test_the_hours_fit_and_none_is_forgotten(hours: list[int], columns: int) -> None:
    """A mark for each hour that has an entry; a higher count has no lower bar."""
    rows = draw_hours(hours, columns)
    assert all(len(row) <= columns for row in rows)
    axis = len(str(max(hours))) + 2
    cell = (len(rows[-2]) - axis) // 24
    heights = [sum(row[axis + cell * hour :][:1] == "#" for row in rows[:-2]) for hour in range(24)]
    assert [height > 0 for height in heights] == [count > 0 for count in hours]
    assert max(heights) == len(rows) - 2
    for one, height in zip(hours, heights, strict=True):
        assert all(
            height <= other for count, other in zip(hours, heights, strict=True) if count >= one
        )
