"""`edit`, `rm`, `undo` and `history` as scripts type them."""

import json
from pathlib import Path

import pytest

from diaryclient.home.logins import Logins
from protocol.dayfile import Written, fold, format_record, histories, parse_day_file
from protocol.errors import ErrorCode
from protocol.identifiers import EntryId
from protocol.messages.changes import Amend, Remove, version_of
from protocol.stamp import Stamp
from tests.client.fake_changes import make_change
from tests.client.fakes import FakeServer
from tests.client.loopback import Loopback, Run, closed_port, lend


@pytest.fixture
def name(run: Run, logged_in: Loopback) -> str:
    """An entry, `first text`, by its name."""
    status, out, _ = run("write", "first text")
    assert status == 0
    return out.split()[1]


def stored(server: FakeServer) -> list[tuple[str, bool]]:
    """Give texts and stars as they stand."""
    return [
        (entry.text, entry.starred)
        for data in server.files.values()
        for entry in fold(parse_day_file(data))
    ]


def drafts(state: Path) -> list[Path]:
    """Give the files of texts that are not safe elsewhere."""
    return sorted((state / "drafts").glob("*"))


def changes(server: FakeServer) -> int:
    """Count the requests that change an entry."""
    return sum(isinstance(request, Amend | Remove) for _, request in server.requests)


@pytest.mark.parametrize(
    ("words", "stdin", "expected"),
    [
        (["--text", "-r\nin two lines"], b"", ("-r\nin two lines", False)),
        ([], "来自管道\n".encode(), ("来自管道", False)),
        (["--star"], b"not read", ("first text", True)),
        (["--star", "--text", "now: 3pm *"], b"", ("now: 3pm *", True)),
    ],
)
def test_edit(
    run: Run,
    logged_in: Loopback,
    state: Path,
    name: str,
    words: list[str],
    stdin: bytes,
    expected: tuple[str, bool],
) -> None:
    """A text or a star; told like `saved`, and no file stays."""
    status, out, err = run("edit", name, *words, stdin=stdin)
    assert (status, err) == (0, "")
    assert out.startswith(f"amended {name} 20")
    assert out.endswith(f" {logged_in.login.name}\n")
    assert stored(logged_in.fake) == [expected]
    assert drafts(state) == []


def test_a_star_can_be_taken_away(run: Run, logged_in: Loopback, name: str) -> None:
    """The text stays."""
    run("edit", name, "--star")
    assert run("edit", name, "--no-star")[0] == 0
    assert stored(logged_in.fake) == [("first text", False)]


@pytest.mark.parametrize("words", [["--text", "first text"], ["--no-star"]])
def test_what_changes_nothing_writes_nothing(
    run: Run, logged_in: Loopback, state: Path, name: str, words: list[str]
) -> None:
    """And says so."""
    status, out, err = run("edit", name, *words)
    assert (status, out, err) == (0, "", f"unchanged {name}; nothing was written\n")
    assert changes(logged_in.fake) == 0
    assert drafts(state) == []


@pytest.mark.parametrize("stdin", [b"", b" \n\n"])
def test_an_empty_text_removes_nothing(
    run: Run, logged_in: Loopback, name: str, stdin: bytes
) -> None:
    """It says what does."""
    status, out, err = run("edit", name, stdin=stdin)
    assert (status, out) == (2, "")
    assert err.endswith(f"to remove the entry: diaryclient rm {name}\n")
    assert stored(logged_in.fake) == [("first text", False)]


def test_another_device_was_first(run: Run, logged_in: Loopback, state: Path, name: str) -> None:
    """Exit 6; both texts are shown, and the file that is named can be sent over theirs."""
    fake = logged_in.fake

    def be_first() -> None:
        fake.before_change = lambda: None
        [day] = fake.files
        [history] = histories(parse_day_file(fake.files[day])).values()
        rid = EntryId.make(fake.now, bytes(10))
        request = Amend(day, history.entry.id, version_of(history.last), 0, "their text")
        make_change(fake.files, rid, request, fake.now)

    fake.before_change = be_first
    status, out, err = run("edit", name, "--text", "my text\nmore")
    assert (status, out) == (6, "")
    assert err.startswith(
        f"{name} was changed elsewhere; its text is now:\n| their text\n"
        "your text:\n| my text\n| more\n"
    )
    [draft] = drafts(state)
    assert err.endswith(
        f"so it was not amended; to see how: diaryclient history {name}; the text stays in "
        f"{draft}; to try again: diaryclient edit {name} < {draft}\n"
    )
    assert stored(fake) == [("their text", False)]
    assert run("edit", name, stdin=draft.read_bytes())[0] == 0
    assert stored(fake) == [("my text\nmore", False)]


def test_the_text_outlives_a_server_that_is_away(
    run: Run, logged_in: Loopback, state: Path, name: str
) -> None:
    """Exit 4, and where it is."""
    elsewhere = logged_in.login._replace(address=closed_port(), created=logged_in.login.created + 1)
    Logins(state / "logins").save(elsewhere)
    status, out, err = run("edit", name, "--text", "precious")
    assert (status, out) == (4, "")
    [draft] = drafts(state)
    assert draft.read_text() == "precious\n"
    assert "nothing listens at" in err
    assert f"the text stays in {draft}; to try again: diaryclient edit {name} < {draft}\n" in err


@pytest.mark.parametrize(
    ("code", "fate"),
    [(ErrorCode.QUOTA, "{} was not amended; "), (ErrorCode.NOT_FOUND, "{} was not amended; ")],
)
def test_a_refused_text_is_kept(
    run: Run, logged_in: Loopback, state: Path, name: str, code: ErrorCode, fate: str
) -> None:
    """Whatever the reason."""
    logged_in.fake.change_refused = code
    status, _, err = run("edit", name, "--text", "precious")
    assert status == (7 if code is ErrorCode.NOT_FOUND else 6)
    assert fate.format(name) in err
    assert [draft.read_text() for draft in drafts(state)] == ["precious\n"]


def test_names(run: Run, logged_in: Loopback, name: str) -> None:
    """Ambiguous: candidates, exit 2. Unknown: exit 7. Nothing is changed."""
    files = logged_in.fake.files
    [day] = files
    twin = EntryId.make(logged_in.fake.now, bytes(9) + bytes.fromhex("0" + name[-1]))
    files[day] += format_record(Written(Stamp(logged_in.fake.now, 0), twin, "twin"))
    for words in (["edit", "--star"], ["rm", "--yes"], ["undo"], ["history"]):
        status, out, err = run(*words, name[-1])
        assert (status, out) == (2, "")
        assert f"{name[-1]} is the end of several ids:" in err
        assert run(*words, "0" * 20)[0] == 7
    assert changes(logged_in.fake) == 0


def test_rm_and_undo(run: Run, logged_in: Loopback, name: str) -> None:
    """Removed entries come back; each deed is told."""
    other = run("write", "another")[1].split()[1]
    status, out, err = run("rm", "--yes", other, name)
    assert (status, err) == (0, "")
    assert [line.split()[:2] for line in out.splitlines()] == [
        ["removed", other],
        ["removed", name],
    ]
    assert stored(logged_in.fake) == []
    status, _, err = run("rm", "--yes", name)
    assert (status, err) == (
        7,
        f"diaryclient: {name} is removed; to bring it back: diaryclient undo {name}\n",
    )
    status, out, err = run("undo", name)
    assert (status, err) == (0, "")
    head, text = out.splitlines()
    assert (head.split()[:2], text) == (["restored", name], "| first text")
    assert stored(logged_in.fake) == [("first text", False)]


def test_undo_goes_back_change_by_change(run: Run, logged_in: Loopback, name: str) -> None:
    """Until there is none: exit 7."""
    run("edit", name, "--text", "second text", "--star")
    run("edit", name, "--text", "third text")
    assert run("undo", name)[1].endswith("| second text\n")
    assert stored(logged_in.fake) == [("second text", True)]
    assert run("undo", name)[1].endswith("| first text\n")
    status, out, err = run("undo", name)
    assert (status, out) == (7, "")
    assert "nothing to take back" in err


def test_rm_removes_all_or_asks(run: Run, logged_in: Loopback, name: str) -> None:
    """One name that is wrong, or nobody to ask: nothing is removed."""
    assert run("rm", "--yes", name, "0" * 20)[0] == 7
    status, out, err = run("rm", name)
    assert (status, out) == (2, "")
    assert err == (
        "diaryclient: no terminal to ask; type --yes to remove unasked; nothing was removed\n"
    )
    assert stored(logged_in.fake) == [("first text", False)]


def test_history(run: Run, logged_in: Loopback, name: str) -> None:
    """All versions for people and for programs, also of what is removed."""
    run("edit", name, "--text", "second\n\x1b[2J", "--star")
    run("rm", "--yes", name)
    status, out, err = run("history", name)
    assert (status, err) == (0, "")
    lines = [line if line.startswith("|") else line[17:] for line in out.splitlines()]
    assert lines == [
        "written",
        "| first text",
        "amended, starred",
        "| second",
        r"| \x1b[2J",
        "removed",
    ]
    versions = json.loads(run("history", name, "--json")[1])
    assert [(each["change"], each["text"], each["removed"]) for each in versions] == [
        ("written", "first text", False),
        ("amended", "second\n\x1b[2J", False),
        ("removed", "second\n\x1b[2J", True),
    ]


@pytest.mark.parametrize(
    "words", [["edit", "a", "--text", "x"], ["rm", "--yes", "a"], ["undo", "a"]]
)
def test_a_login_that_may_only_read_is_told_at_once(
    run: Run, loopback: Loopback, words: list[str]
) -> None:
    """Exit 3, before anything is asked of the server."""
    status, out, err = run(*words, DIARY_TOKEN=lend(loopback, "read"))
    assert (status, out) == (3, "")
    assert "this login's scope is read" in err
    assert loopback.fake.requests == []
