"""`clear` and `recover` as scripts type them."""

import json

import pytest

from diaryclient.diary.archiving import list_archives
from protocol.errors import ErrorCode, MalformedError, StaleError
from protocol.identifiers import Day
from protocol.messages.archive import ArchiveList
from tests.client.desk import EVER, Desk
from tests.client.loopback import Loopback, Run, lend


@pytest.fixture
def today(run: Run, logged_in: Loopback) -> Day:
    """A day with two entries."""
    assert run("write", "-q", "one")[0] == 0
    assert run("write", "-q", "two")[0] == 0
    [day] = logged_in.fake.files
    return day


def test_clear_and_recover(run: Run, logged_in: Loopback, today: Day) -> None:
    """Where it went is told, and how it comes back."""
    before = dict(logged_in.fake.files)
    status, out, err = run("clear", "--yes")
    assert (status, out) == (
        0,
        f"cleared {today} {logged_in.login.name}, 2 entries, to the archive {today}.0.log\n",
    )
    assert err == f"to bring it back: diaryclient recover {today}\n"
    assert logged_in.fake.files == {}
    listed = run("recover")
    assert (listed[0], listed[2]) == (0, "")
    assert listed[1].startswith(f"{today}.0 cleared 20")
    assert listed[1].endswith(", 2 entries\n")
    assert run("recover", today) == (
        0,
        f"recovered {today} {logged_in.login.name}, 2 entries\n",
        "",
    )
    assert logged_in.fake.files == before
    assert run("recover") == (0, "", "nothing can be brought back\n")
    assert run("recover", "--json") == (0, "[]\n", "")


@pytest.mark.parametrize("words", [["today"], ["--on", "today"], ["0", "days", "ago"]])
def test_the_day_needs_no_option(
    run: Run, logged_in: Loopback, today: Day, words: list[str]
) -> None:
    """As `recover yesterday`; of several words none needs quotes."""
    status, out, _ = run("clear", "--yes", *words)
    assert (status, out.split(" to the")[0]) == (
        0,
        f"cleared {today} {logged_in.login.name}, 2 entries,",
    )


def test_one_day_is_named_once(run: Run, logged_in: Loopback, today: Day) -> None:
    """Or nothing is cleared; an entry's id and a tag say where they belong."""
    for words, said in (
        (["today", "--on", "today"], "--on names the day; leave out today, or --on"),
        (["4fb39"], "4fb39 is no day but may be an entry; to remove it: diaryclient rm 4fb39"),
        (["@work"], "@work is a tag; type: diaryclient read --tagged @work"),
    ):
        status, out, err = run("clear", "--yes", *words)
        assert (status, out, err) == (2, "", f"diaryclient: {said}\n")
    assert list(logged_in.fake.files) == [today]


def test_an_empty_day_is_not_cleared(run: Run, logged_in: Loopback, today: Day) -> None:
    """It says so."""
    assert run("clear", "--yes", "--on", "2020-01-01") == (
        0,
        "",
        "no entries on 2020-01-01; nothing was cleared\n",
    )
    assert list(logged_in.fake.files) == [today]


def test_the_day_that_was_understood_is_told_before(run: Run, logged_in: Loopback) -> None:
    """Of a date with dots it is the one that is written, and no other is touched."""
    for day in ("2020-03-05", "2020-05-03"):
        assert run("write", "-q", "--at", day, f"of {day}")[0] == 0
    status, out, err = run("clear", "--yes", "--on", "05.03.2020")
    assert (status, out.startswith("cleared 2020-03-05 ")) == (0, True)
    assert err.startswith("05.03.2020 is Thursday 2020-03-05\n")
    assert list(logged_in.fake.files) == ["2020-05-03"]
    status, out, err = run("recover", "5 march 2020")
    assert (status, out.startswith("recovered 2020-03-05 ")) == (0, True)
    assert err == "5 march 2020 is Thursday 2020-03-05\n"
    assert run("recover", "05.03.2020")[0] == 7


@pytest.mark.parametrize(
    "words", ["2020", "may 2020", "last week", "05/03/2020", "yesterday at 3pm", "99", "31.04.2020"]
)
def test_what_is_not_one_day_clears_nothing(run: Run, logged_in: Loopback, words: str) -> None:
    """Exit 2, before anything is asked of the server."""
    run("write", "-q", "--at", "2020-05-03", "kept")
    logged_in.fake.kinds.clear()
    status, out, err = run("clear", "--yes", "--on", words)
    assert (status, out) == (2, "")
    assert err.startswith("diaryclient: --on: ")
    assert logged_in.fake.kinds == []
    assert list(logged_in.fake.files) == ["2020-05-03"]


def test_nobody_can_be_asked(run: Run, logged_in: Loopback, today: Day) -> None:
    """Exit 2, and nothing is done."""
    status, out, err = run("clear")
    assert (status, out) == (2, "")
    assert err.endswith("type --yes to clear unasked; nothing was cleared\n")
    assert list(logged_in.fake.files) == [today]


def test_of_a_day_the_last_comes_back_or_the_one_that_is_named(
    run: Run, logged_in: Loopback, today: Day
) -> None:
    """What is there already is not listed; a name may be cut at a dot."""
    run("clear", "--yes")
    run("write", "-q", "three")
    run("clear", "--yes")
    listed = json.loads(run("recover", "--json")[1])
    assert [(each["name"], each["day"], each["entries"], each["missing"]) for each in listed] == [
        (f"{today}.0.log", today, 2, 2),
        (f"{today}.1.log", today, 1, 1),
    ]
    status, out, err = run("recover", "today")
    said, _, more = err.partition("\n")
    assert (status, said.startswith("today is "), said.endswith(f" {today}")) == (0, True, True)
    assert more == f"{today} was cleared more than once; diaryclient recover lists all\n"
    assert out.endswith(", 1 entry\n")
    assert run("read", "--on", today)[1].count("\n") == 1
    status, out, err = run("recover", f"{today}.0")
    assert (status, err) == (0, "")
    assert out.endswith(", 2 entries\n")
    assert run("read", "--on", today)[1].count("\n") == 3


@pytest.mark.parametrize("what", ["today", "2020-01-01", "2020-01-01.0", "no.such.name"])
def test_what_was_not_cleared_cannot_come_back(
    run: Run, logged_in: Loopback, today: Day, what: str
) -> None:
    """Exit 7; words that are no day are exit 2."""
    assert run("recover", what)[0] == 7
    assert run("recover", "no such day")[0] == 2
    assert run("recover", "today", "--json")[0] == 2


def test_clearing_twice_at_once(run: Run, logged_in: Loopback, today: Day) -> None:
    """The second is told that there is nothing left to do."""
    logged_in.fake.clear_refused = ErrorCode.STALE
    status, out, err = run("clear", "--yes")
    assert (status, out) == (6, "")
    assert err == f"diaryclient: {today} was cleared elsewhere meanwhile; nothing was done\n"


def test_a_login_that_may_only_read_lists_and_changes_nothing(
    run: Run, logged_in: Loopback, today: Day
) -> None:
    """Exit 3."""
    run("clear", "--yes")
    word = lend(logged_in, "read")
    assert run("recover", DIARY_TOKEN=word)[1].startswith(f"{today}.0 ")
    assert run("recover", today, DIARY_TOKEN=word)[0] == 3
    assert run("clear", "--yes", DIARY_TOKEN=word)[0] == 3


def test_programs_bring_back_what_they_listed(desk: Desk) -> None:
    """Page by page; not what was cleared again meanwhile."""
    diary = desk.diary()
    for age in range(5):
        desk.clock.wall -= age * 86_400_000
        diary.put(diary.compose(str(age)))
    for row in list(diary.days(*EVER)):
        diary.clear(row)
    rows = list(diary.archives())
    assert len(rows) == 5
    assert [diary.recover(row) for row in (rows[0], rows[0], rows[4])] == [1, 1, 1]
    assert desk.texts() == ["4", "0"]
    for row in list(diary.days(*EVER)):
        diary.clear(row)
    with pytest.raises(StaleError):
        diary.recover(rows[0])


def test_a_server_that_lists_without_an_end_is_not_asked_for_ever(desk: Desk) -> None:
    """It promises more and has nothing."""
    desk.server.archive_list = ArchiveList((), more=True)
    with pytest.raises(MalformedError, match="promises more"):
        list(list_archives(desk.diary().asker))
