"""What is counted, which entries by chance, and how the commands tell it."""

import json
from collections.abc import Callable, Iterator
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wcwidth import width

from diaryclient.entries.entry import DiaryEntry, count_tags
from diaryclient.entries.selection import Selection
from diaryclient.formats.pretty import Look
from diaryclient.lookback.choosing import Below, choose_entry
from diaryclient.lookback.figures import Figures, count
from diaryclient.lookback.gathering import follow_streak, gather
from diaryclient.lookback.periods import parse_period
from diaryclient.lookback.report import Report, report_as_json, report_as_text
from protocol.dayfile import Removed, Written, format_record
from protocol.identifiers import Day, EntryId
from protocol.messages.diary import Read
from protocol.stamp import Stamp
from tests.client.desk import Desk
from tests.client.fakes import ALICE, START
from tests.client.loopback import Loopback, Run
from tests.golden.make_screens import FOLDER, screens

DAY = 86_400_000
HOUR = 3_600_000
TODAY = Stamp(START, 0).day
EVERYTHING = Selection()

WRITTEN = st.builds(
    lambda at, off, text, end: DiaryEntry(
        Written(Stamp(START + at, off), EntryId.make(START, end), text), ALICE
    ),
    st.integers(-400 * DAY, 0),
    st.integers(-12 * 60, 14 * 60),
    st.text(st.sampled_from("a @b今。\n"), min_size=1, max_size=30),
    st.binary(min_size=10, max_size=10),
)
LISTS = st.lists(WRITTEN, max_size=25)


def write(desk: Desk, age: int, *texts: str) -> list[EntryId]:
    """Put entries into the day that is so many days old, and give their ids."""
    ids = []
    day = Stamp(START - age * DAY, 0).day
    for place, text in enumerate(texts):
        at = START - age * DAY + place
        ids.append(EntryId.make(at, bytes([place]) * 10))
        line = format_record(Written(Stamp(at, 0), ids[-1], text))
        desk.server.files[day] = desk.server.files.get(day, b"") + line
    return ids


def remove(desk: Desk, age: int, entry_id: EntryId) -> None:
    """Remove an entry of such a day."""
    stamp = Stamp(START - age * DAY, 0)
    desk.server.files[stamp.day] += format_record(Removed(stamp, entry_id, entry_id))


@given(LISTS, LISTS)
def test_figures_add_up(one: list[DiaryEntry], other: list[DiaryEntry]) -> None:
    """Days, hours and all count the same entries, in any order; two parts are the whole."""
    both, first, second = count([*other, *one]), count(one), count(other)
    assert sum(both.days.values()) == sum(both.hours) == both.entries == len(one) + len(other)
    assert both.words == first.words + second.words
    assert both.hours == [a + b for a, b in zip(first.hours, second.hours, strict=True)]
    assert both == count([*one, *other])
    assert list(both.tags.items()) == list(count_tags([*one, *other]).items())


def test_the_writers_wall_clock_decides_day_and_hour() -> None:
    """Whoever flew from Shanghai to Honolulu has lived that day twice as long."""
    late = Stamp(START // DAY * DAY + 20 * HOUR, 480)
    west = Stamp(late.at + HOUR, -600)
    figures = count(
        DiaryEntry(Written(stamp, EntryId.make(stamp.at, bytes(10)), "text"), ALICE)
        for stamp in (late, west)
    )
    assert figures.days == {late.day: 1, west.day: 1}
    assert late.day > west.day
    assert [hour for hour, number in enumerate(figures.hours) if number] == [4, 11]


def following(desk: Desk, word: str, selection: Selection = EVERYTHING) -> int:
    """Give how many days the current streak has, asked for such a period."""
    diary = desk.diary()
    period = parse_period(word, TODAY)
    streak = follow_streak(diary, period, selection, gather(diary, period, selection))
    return streak.days if streak else 0


@pytest.mark.parametrize("length", [0, 1, 6, 22, 23, 54, 55, 130, 400])
def test_a_streak_is_followed_back_beyond_the_period(desk: Desk, length: int) -> None:
    """It is as long whatever period one asks for, and not more is read than its length wants."""
    for age in range(length):
        write(desk, age, "text")
    for age in range(length + 1, length + 3):
        write(desk, age, "older")
    write(desk, 2000, "much older")
    assert {following(desk, word) for word in ("week", "month", "year", "all")} == {
        length or 2  # what ended yesterday goes on
    }
    desk.server.requests.clear()
    following(desk, "week")
    read = sum(isinstance(request, Read) for _, request in desk.server.requests)
    assert read <= 7 + 3 * length + 32


def test_a_streak_of_a_tag_asks_for_the_tag(desk: Desk) -> None:
    """And a removed entry is none."""
    for age in range(9):
        write(desk, age, "@run", "other")
    assert following(desk, "all", Selection(tagged=frozenset({"@run"}))) == 9
    assert following(desk, "all", Selection(tagged=frozenset({"@swim"}))) == 0
    desk.server.files.clear()
    ids = [write(desk, age, "text")[0] for age in range(3)]
    remove(desk, 2, ids[2])
    assert following(desk, "week") == 2


def outcomes(choose: Callable[[Below], str | None]) -> dict[str | None, Fraction]:
    """Give how likely each result is, by trying every draw."""
    likely: dict[str | None, Fraction] = {}

    class _OpenError(Exception):
        pass

    def scripts(script: tuple[int, ...], chance: Fraction) -> Iterator[None]:
        rest = iter(script)
        wanted = 0

        def below(limit: int) -> int:
            nonlocal wanted
            wanted = limit
            for drawn in rest:
                return drawn
            raise _OpenError

        try:
            result = choose(below)
        except _OpenError:
            for drawn in range(wanted):
                yield from scripts((*script, drawn), chance / wanted)
        else:
            likely[result] = likely.get(result, Fraction(0)) + chance
            yield

    assert sum(1 for _ in scripts((), Fraction(1))) < 3000
    return likely


@pytest.mark.parametrize("selection", [EVERYTHING, Selection(contains=("x",))])
def test_each_entry_is_as_likely(desk: Desk, selection: Selection) -> None:
    """Removed ones are never chosen, and favour nobody."""
    first = write(desk, 3, "ax", "bx", "gone x")
    remove(desk, 3, first[2])
    write(desk, 2, "cx")
    remove(desk, 1, write(desk, 1, "gone too x")[0])
    write(desk, 0, "dx")

    def choose(below: Below) -> str | None:
        chosen = choose_entry(desk.diary(), selection, below)
        return chosen.text if chosen else None

    assert outcomes(choose) == dict.fromkeys(["ax", "bx", "cx", "dx"], Fraction(1, 4))


def test_an_empty_diary_has_no_entry_to_choose(desk: Desk) -> None:
    """Nor has one whose entries are all removed."""
    assert choose_entry(desk.diary(), EVERYTHING, lambda limit: limit - 1) is None
    remove(desk, 0, write(desk, 0, "gone")[0])
    assert choose_entry(desk.diary(), EVERYTHING, lambda limit: limit - 1) is None


def test_an_entry_by_chance_costs_one_day(desk: Desk) -> None:
    """Not the diary."""
    for age in range(100):
        write(desk, age, "text")
    assert choose_entry(desk.diary(), EVERYTHING, lambda limit: limit // 2)
    assert sum(isinstance(request, Read) for _, request in desk.server.requests) == 1


@given(LISTS, st.sampled_from(["week", "month", "year", "all", "2020"]), st.integers(32, 100))
def test_a_report_fits_and_says_the_same_as_its_json(
    entries: list[DiaryEntry], word: str, columns: int
) -> None:
    """Whatever there is in the diary."""
    period = parse_period(word, TODAY)
    figures: Figures = count(each for each in entries if period.has(each.stamp.day))
    report = Report(period, figures, None, TODAY)
    rows = report_as_text(report, Look(columns))
    assert all(width(row) <= columns for row in rows)
    told = json.loads(json.dumps(report_as_json(report)))
    assert rows[:4] == [
        f"{told['from']} to {told['to']}",
        f"entries   {told['entries']}",
        f"words     {told['words']}",
        f"days      {told['days_written']} of {told['days']}",
    ]
    assert told["from"] <= told["to"]
    assert told["days_written"] <= told["days"]
    assert sum(told["hours"]) == told["entries"]


@pytest.mark.parametrize("name", sorted(screens()))
def test_the_screens_are_those_that_were_looked_at(name: str) -> None:
    """A change is looked at, and made by tests/golden/make_screens.py."""
    assert screens()[name] == (FOLDER / name).read_text()


@pytest.fixture
def years(logged_in: Loopback) -> Loopback:
    """A diary of a few days in several years."""
    for day, text in (
        ("2023-11-22", "three @work"),
        ("2024-02-29", "leap @fun"),
        ("2024-03-01", "after"),
        ("2024-11-22", "*starred 今天"),
    ):
        at = round(START + (int(day[:4]) - 2026) * 365.25 * DAY)
        entry_id = EntryId.make(at, day.encode())
        line = format_record(Written(Stamp(at, 0), entry_id, text, text.startswith("*")))
        stamp = line.split(b"T", 1)[1]
        logged_in.fake.files[Day(day)] = f"{day}T".encode() + stamp
    return logged_in


def test_stats(run: Run, years: Loopback) -> None:
    """For people and for programs, of what the options select."""
    status, out, err = run("stats", "2024")
    assert (status, err) == (0, "")
    assert out.splitlines()[:6] == [
        "2024-01-01 to 2024-12-31",
        "entries   3",
        "words     6",
        "days      3 of 366",
        "longest   2 days, 2024-02-29 to 2024-03-01",
        "tags      @fun 1",
    ]
    status, out, _ = run("stats", "--json", "--tagged")
    told = json.loads(out)
    assert (status, told["period"], told["from"], told["entries"]) == (0, "all", "2023-11-22", 2)
    assert told["current_streak"] is None
    assert told["longest_streak"] == {"days": 1, "from": "2024-02-29", "to": "2024-02-29"}
    assert list(told["tags"]) == ["@fun", "@work"]


def test_stats_of_now(run: Run, years: Loopback) -> None:
    """What was just written is a streak of a day."""
    run("write", "-q", "today")
    for word in ("week", "month", "year", "all"):
        status, out, _ = run("stats", word)
        assert status == 0
        assert "\nstreak    1 day, since " in out
    assert "none now" in run("stats", "--contains", "leap")[1]


def test_calendar(run: Run, years: Loopback) -> None:
    """A year's map on standard output, this year's unless another is named; JSON has its days."""
    status, out, err = run("calendar", "2024")
    assert (status, err) == (0, "")
    assert out.startswith("2024: 3 entries on 3 days\n\n    Jan")
    assert out.endswith("\n. none  # 1\n")
    status, out, _ = run("calendar", "2024", "--starred", "--json")
    assert (status, json.loads(out)) == (0, {"year": 2024, "days": {"2024-11-22": 1}})
    status, out, _ = run("calendar")
    assert out.splitlines()[0].endswith(": no entries")
    run("write", "-q", "today")
    assert run("calendar")[1].splitlines()[0].endswith(": 1 entry on 1 day")


def test_on_this_day(run: Run, years: Loopback) -> None:
    """Another day may be named, whose year does not matter; so it is if there are none."""

    def titles(*words: str) -> list[str]:
        status, out, _ = run("on-this-day", *words, "--format", "short")
        assert status == 0
        return [line.split(" ", 3)[3] for line in out.splitlines()]

    assert titles("2025-11-22") == ["three @work", "* *starred 今天"]
    assert titles("1999-11-22", "--reverse") == ["* *starred 今天", "three @work"]
    assert titles("22 november", "--not", "--starred") == ["three @work"]
    assert titles("2024-02-29") == ["leap @fun"]
    assert run("on-this-day", "2024-05-05")[1:] == ("", "no entries on 05-05 of any year\n")


def test_random(run: Run, years: Loopback) -> None:
    """One entry, of those that are selected; none is no error."""
    status, out, _ = run("random", "--format", "jsonl")
    assert (status, len(out.splitlines())) == (0, 1)
    assert run("random", "--tagged", "@fun", "--format", "short")[1].endswith(" leap @fun\n")
    assert run("random", "--contains", "nowhere") == (0, "", "no such entries\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["stats", "decade"], "decade: a period is week"),
        (["calendar", "24"], "24: a year is written YYYY"),
        (["on-this-day", "2024-02-30"], "DATE: there is no such day"),
        (["random", "--starred", "--not", "--starred"], "leave nothing"),
    ],
)
def test_what_makes_no_sense_is_exit_2(
    run: Run, years: Loopback, words: list[str], message: str
) -> None:
    """And nothing is asked of the server."""
    status, out, err = run(*words)
    assert (status, out) == (2, "")
    assert message in err
    assert years.fake.requests == []
