"""Searches, over a network in memory and as people type them."""

import json
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaryclient.browsing.browsing import search_pages, tag_counts
from protocol.dayfile import Written, format_record
from protocol.errors import ErrorCode, MalformedError, UsageError
from protocol.identifiers import FIRST_DAY, LAST_DAY, Day, EntryId
from protocol.messages.diary import MAX_CHUNK, Read
from protocol.messages.finding import Found, Search
from protocol.stamp import Stamp
from tests.client.desk import EVER, Desk
from tests.client.fakes import START, FakeServer
from tests.client.loopback import Loopback, Run
from tests.client.terminal import finish, terminal
from tests.terminals import interrupt

DAY = 86_400_000


def fill(server: FakeServer, days: list[list[str]]) -> None:
    """Give the server an entry for each text of each day, those of a day from noon backwards."""
    for age, texts in enumerate(reversed(days)):
        for place, text in enumerate(texts):
            at = START - age * DAY - place
            entry_id = EntryId.make(at, place.to_bytes(2) + bytes([age]) * 8)
            day = Stamp(at, 0).day
            line = format_record(Written(Stamp(at, 0), entry_id, text))
            server.files[day] = server.files.get(day, b"") + line


def found(desk: Desk, words: str, newest: int | None = None) -> list[str]:
    """Give the texts that a search finds."""
    pages = search_pages(desk.diary(), words, *EVER, newest)
    return [entry.text for page in pages for entry in page.entries]


TEXTS = st.lists(st.sampled_from(["a", "B", "ab", "b a", "天气很好", "x" * 1024]), max_size=5)


@given(
    st.lists(TEXTS, max_size=4),
    st.sampled_from(["a", "b", "A b", "气很", "x", "nowhere"]),
    st.none() | st.integers(1, 4),
)
def test_a_search_finds_what_a_reader_would(
    tmp_path_factory: pytest.TempPathFactory,
    days: list[list[str]],
    words: str,
    newest: int | None,
) -> None:
    """Answer after answer, each entry once, by time, also those that are too long for an answer."""
    desk = Desk(tmp_path_factory.mktemp("desk"))
    fill(desk.server, days)
    wanted = words.casefold().split()
    expected = [text for text in desk.texts() if all(word in text.casefold() for word in wanted)]
    assert found(desk, words, newest) == expected[-(newest or 0) :]


def test_an_entry_that_is_too_long_for_an_answer_is_read(desk: Desk) -> None:
    """In its place among the others; the server only names it."""
    long = "x" * 1024
    fill(desk.server, [["x before"], [long], ["x after"]])
    assert found(desk, "x") == ["x before", long, "x after"]
    assert any(isinstance(request, Read) for _, request in desk.server.requests)


def test_a_day_of_long_entries_is_read_once(desk: Desk) -> None:
    """And not again for each of them that is found."""
    long = [f"{number} " + "x" * 2000 for number in range(9)]
    fill(desk.server, [long])
    size = sum(map(len, desk.server.files.values()))
    assert sorted(found(desk, "x")) == long
    reads = sum(isinstance(request, Read) for _, request in desk.server.requests)
    assert reads == -(-size // MAX_CHUNK)


def test_only_the_days_asked_for_are_searched(desk: Desk) -> None:
    """Both ends included."""
    fill(desk.server, [["one a"], ["two a"], ["three a"], ["four a"]])
    first, last = (
        Day((date.fromisoformat(Stamp(START, 0).day) - timedelta(days=age)).isoformat())
        for age in (2, 1)
    )
    pages = search_pages(desk.diary(), "a", first, last)
    assert [each.text for page in pages for each in page.entries] == ["two a", "three a"]


def test_entries_come_before_the_search_is_over(desk: Desk) -> None:
    """Whoever stops early has asked little."""
    fill(desk.server, [[f"{number} a"] for number in range(60)])
    pages = search_pages(desk.diary(), "a", FIRST_DAY, LAST_DAY)
    assert [each.text for each in next(pages).entries] == ["0 a"]
    assert sum(isinstance(request, Search) for _, request in desk.server.requests) == 1


def test_a_server_that_stands_still_is_not_asked_for_ever(desk: Desk) -> None:
    """Its cursor says that it got nowhere."""
    desk.server.found = Found(b"", (), b"here")
    with pytest.raises(MalformedError, match="without an end"):
        found(desk, "a")


def test_a_server_finds_entries_only(desk: Desk) -> None:
    """No line of another kind."""
    desk.server.found = Found(b"scribble\n", (), b"")
    with pytest.raises(MalformedError, match="no entry"):
        found(desk, "a")


@pytest.mark.parametrize("words", [" \n", "x" * 257, "\udcff"])
def test_what_nothing_can_be_searched_for(desk: Desk, words: str) -> None:
    """Said before anything is sent."""
    with pytest.raises(UsageError):
        found(desk, words)
    assert desk.server.requests == []


@pytest.fixture
def diary(logged_in: Loopback) -> Loopback:
    """A diary of three days."""
    days = [["Rain. @Home @weather", "sun @weather"], ["今天天气很好"], ["RAINBOW", "email@home"]]
    fill(logged_in.fake, days)
    return logged_in


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["rain"], ["Rain. @Home @weather", "RAINBOW"]),
        (["weather", "RAIN"], ["Rain. @Home @weather"]),
        (["weather RAIN"], ["Rain. @Home @weather"]),
        (["天气"], ["今天天气很好"]),
        (["a", "-n", "2"], ["email@home", "RAINBOW"]),
        (["rain", "--to", Stamp(START - DAY, 0).day], ["Rain. @Home @weather"]),
    ],
)
def test_search(run: Run, diary: Loopback, words: list[str], expected: list[str]) -> None:
    """As it is typed; in any format."""
    status, out, err = run("search", *words)
    assert (status, err) == (0, "")
    assert [line.split(" ", 3)[3] for line in out.splitlines()] == expected
    _, out, _ = run("search", *words, "--format", "jsonl")
    titles = [json.loads(line)["title"] for line in out.splitlines()]
    assert titles == expected


def test_nothing_found_is_exit_0(run: Run, diary: Loopback) -> None:
    """With a hint on stderr."""
    assert run("search", "snow") == (0, "", "no entry has this word\n")
    assert run("search", "rain", "sun", "--to", "today") == (
        0,
        "",
        "no entry has all of these words in these days; --from and --to narrow the search\n",
    )
    assert run("search", "snow", "--format", "json")[1] == '{\n  "tags": {},\n  "entries": []\n}\n'


@pytest.mark.parametrize(
    "words",
    [[], [" "], ["x" * 257], ["a", "-n", "0"], ["a", "--from", "today", "--to", "2020-01-01"]],
)
def test_a_search_that_makes_no_sense_is_exit_2(
    run: Run, diary: Loopback, words: list[str]
) -> None:
    """Nothing is asked."""
    assert run("search", *words)[0] == 2
    assert diary.fake.requests == []


def test_ctrl_c_keeps_what_is_printed(diary: Loopback, environment: dict[str, str]) -> None:
    """Exit 130 while the server has not answered to the end."""
    fake = diary.fake
    fake.before_search = lambda: fake.refusals.extend([ErrorCode.BUSY] * 100)
    child = terminal("search", "i", environment=environment)
    child.expect_exact("Rain.")
    interrupt(child)
    status, rest = finish(child)
    assert status == 130
    assert rest.endswith("diaryclient: interrupted\r\n")


def test_tags(run: Run, diary: Loopback) -> None:
    """By count, then by name; those of removed entries do not count."""
    assert run("tags") == (0, "2 @weather\n1 @home\n", "")
    assert json.loads(run("tags", "--json")[1]) == {"@weather": 2, "@home": 1}
    diary.fake.files.clear()
    assert run("tags") == (0, "", "no entry has a tag\n")
    assert run("tags", "--json") == (0, "{}\n", "")


def test_tags_of_nothing(desk: Desk) -> None:
    """There are none."""
    assert tag_counts(desk.diary()) == {}
