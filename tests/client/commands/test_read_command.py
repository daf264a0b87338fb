"""`read` and `show` as they are typed: what they print, and what they refuse."""

import json
from datetime import UTC, datetime

import pytest

from protocol.dayfile import Written, format_record
from protocol.identifiers import Day, EntryId
from protocol.stamp import Stamp
from tests.client.loopback import Loopback, Run

TEXTS = {
    "2024-11-22": ["Two years ago. @work"],
    "2025-11-22": ["A year ago. @home", "*A list"],
    "2025-12-24": ["Tree. @home @work"],
}


@pytest.fixture
def diary(logged_in: Loopback) -> Loopback:
    """A diary with a few entries of the past, the last of them starred."""
    for day, texts in TEXTS.items():
        for place, text in enumerate(texts):
            at = milliseconds(day) + place
            # The ids end in 40, 50, 51, 52.
            end = bytes([int(day[3] + "0", 16) + place + 2 * (day[5:7] == "12")])
            entry_id = EntryId.make(at, bytes(9) + end)
            line = format_record(Written(Stamp(at, 0), entry_id, text, day == "2025-12-24"))
            files = logged_in.fake.files
            files[Day(day)] = files.get(Day(day), b"") + line
    return logged_in


def milliseconds(day: str) -> int:
    """Give noon of a day in UTC."""
    return round(datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=UTC).timestamp() * 1000)


def texts(out: str) -> list[str]:
    """Give what stands behind the ids of printed entries."""
    return [line.split(" ", 3)[3] for line in out.splitlines()]


TWO, ONE, LIST, TREE = "Two years ago. @work", "A year ago. @home", "*A list", "* Tree. @home @work"


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["--from", "2024-01-01"], [TWO, ONE, LIST, TREE]),
        (["--from", "2025-01-01", "--until", "2025-11-30"], [ONE, LIST]),
        (["--to", "2025-11-22", "--reverse"], [LIST, ONE, TWO]),
        (["--on", "Dec 24 2025"], [TREE]),
        (["--on", "24.12.2025"], [TREE]),
        (["--on", "2025"], [ONE, LIST, TREE]),
        (["--on", "2025-11"], [ONE, LIST]),
        (["--on", "Q4 2024"], [TWO]),
        (["--from", "2025"], [ONE, LIST, TREE]),
        (["--from", "november 2024", "--to", "November 2025"], [TWO, ONE, LIST]),
        (["--to", "2025-11"], [TWO, ONE, LIST]),
        (["2025-12-24"], [TREE]),
        (["24", "december", "2025"], [TREE]),
        (["-n", "2"], [LIST, TREE]),
        (["-n", "1", "--to", "2025-11-30"], [LIST]),
        (["-n", "2", "--reverse"], [TREE, LIST]),
        (["--tagged", "@work"], [TWO, TREE]),
        (["--tagged", "WORK", "--tagged", "@home"], [TWO, ONE, TREE]),
        (["--tagged", "@work", "--tagged", "@home", "--and"], [TREE]),
        (["--tagged"], [TWO, ONE, TREE]),
        (["--tagged", "--starred"], [TREE]),
        (["--tagged", "@home", "--not", "@work"], [ONE]),
        (["--not", "@work", "--not", "home"], [LIST]),
        (["--not", "--starred"], [TWO, ONE, LIST]),
        (["--not", "--tagged"], [LIST]),
        (["--not", "--tagged", "@work"], [ONE, LIST]),
        (["--starred"], [TREE]),
        (["--contains", "YEAR", "--contains", "tree"], [TWO, ONE, TREE]),
        (["--contains", "year", "--contains", "two", "--and"], [TWO]),
        (["--contains", "year", "--tagged", "@work"], [TWO]),
        (["--contains", "nowhere"], []),
    ],
)
def test_options_select(run: Run, diary: Loopback, words: list[str], found: list[str]) -> None:
    """As they do in jrnl; whoever selects by anything but days looks through the whole diary."""
    status, out, _ = run("read", *words)
    assert (status, texts(out)) == (0, found)


def test_today_in_history(run: Run, diary: Loopback) -> None:
    """The day of the year is today's."""
    run("write", "-q", "today")
    status, out, _ = run("read", "--today-in-history")
    assert status == 0
    assert texts(out)[-1] == "today"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--starred", "--not", "--starred"], "leave nothing"),
        (["--tagged", "a", "--not", "--tagged"], "leave nothing"),
        (["--tagged", "two words"], "--tagged: a tag is written @word"),
        (["--not", "!"], "--not: a tag is written @word"),
        (["--not"], "requires an argument"),
        (["-n", "0"], "-n"),
        (["--today-in-history", "--on", "today"], "--today-in-history names its days"),
        (["--today-in-history", "yesterday"], "--today-in-history names its days"),
        (["yesterday", "--on", "today"], "--on names the day; leave out yesterday, or --on"),
        (["yesterday", "--from", "monday"], "--on stands alone; leave out --from and --to"),
        (["4fb39"], "4fb39 is no day but may be an entry; type: diaryclient show 4fb39"),
        (["@work"], "@work is a tag; type: diaryclient read --tagged @work"),
        (["--format", "xml"], "--format"),
        (["--tz", "Mars/Olympus"], "--tz: there is no time zone 'Mars/Olympus'; write one such as"),
        (["--on", "2025-13-01"], "--on: there is no such day"),
        (["--on", "05/03/2020"], "--on: 05/03/2020 may be 2020-03-05 or 2020-05-03; write the one"),
        (
            ["--from", "yesterday at 3pm"],
            "--from: yesterday at 3pm says a time",
        ),
        (["--to", "3 hours ago"], "--to: 3 hours ago says a time"),
        (["--on", "99"], "--on: a day is written YYYY-MM-DD"),
        (["--on", ""], "--on: a day is written YYYY-MM-DD"),
        (["--on", "13.01."], "--on: a day is written YYYY-MM-DD"),
        (["--on", "the day before yesterday's morrow"], "--on: a day is written YYYY-MM-DD"),
    ],
)
def test_what_makes_no_sense_is_exit_2(
    run: Run, diary: Loopback, words: list[str], message: str
) -> None:
    """And says what does."""
    status, out, err = run("read", *words)
    assert (status, out) == (2, "")
    assert message in err
    assert diary.fake.requests == []


def test_an_empty_today_says_how_to_see_more(run: Run, diary: Loopback) -> None:
    """A hint on stderr, only where nothing else was asked for."""
    status, out, err = run("read")
    assert (status, out) == (0, "")
    assert err.endswith("; the last ones: diaryclient read -n 5\n")
    assert run("read", "--tagged", "@nobody") == (0, "", "no such entries\n")
    assert run("read", "--from", "9999-01-01") == (0, "", "no entries from 9999-01-01\n")


def test_formats(run: Run, diary: Loopback) -> None:
    """Each is to be had; --short is a format."""
    status, out, _ = run("read", "-n", "1", "--format", "json")
    assert status == 0
    [entry] = json.loads(out)["entries"]
    assert (entry["title"], entry["author"]) == ("Tree. @home @work", "alice")
    assert run("read", "--short", "-n", "1")[1] == run("read", "--format", "short", "-n", "1")[1]
    assert run("read", "--contains", "nowhere", "--format", "json")[1] == (
        '{\n  "tags": {},\n  "entries": []\n}\n'
    )


def test_lines_that_are_no_entries_are_reported_where_they_cannot_be_shown(
    run: Run, diary: Loopback
) -> None:
    """A format for programs has no place for them."""
    diary.fake.files[Day("2025-12-24")] += b"scribble\n"
    _, out, err = run("read", "--on", "2025-12-24", "--format", "jsonl")
    assert len(out.splitlines()) == 1
    assert err == "diaryclient: 1 line is no entry, left out; --format pretty shows it\n"


def test_show(run: Run, diary: Loopback) -> None:
    """One entry by the end of its id, in any format."""
    _, out, _ = run("read", "-n", "1")
    name = out.split()[2]
    assert run("show", name) == (0, out, "")
    _, out, _ = run("show", name.upper(), "--format", "json")
    assert json.loads(out)["entries"][0]["id"].endswith(name)


def test_show_what_is_not_the_end_of_one_id(run: Run, diary: Loopback) -> None:
    """Ambiguous: each is listed by a name that can be typed, exit 2. Unknown: exit 7."""
    status, out, err = run("show", "0")
    assert (status, out) == (2, "")
    first, *rows = err.splitlines()
    assert first == "diaryclient: 0 is the end of several ids:"
    assert [row.split()[3] for row in rows] == ["00050", "00040"]
    for row in rows:
        name = row.split()[3]
        assert run("show", name)[0] == 0
    status, out, err = run("show", "ffff")
    assert (status, out) == (7, "")
    assert err == "diaryclient: no entry in the diary has an id that ends in ffff\n"
