"""`diaryclient outbox`, and the delivery that follows every command that reaches the server."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from diaryclient.files.private_files import write_private
from diaryclient.home.logins import Logins
from diaryclient.home.outbox import Entry, Outbox
from protocol.address import Address
from protocol.errors import ErrorCode
from protocol.identifiers import EntryId
from tests.client.fakes import START
from tests.client.loopback import PASSWORD, Loopback, Run
from tests.client.terminal import finish, terminal

Plant = Callable[..., Entry]


@pytest.fixture
def outbox(logged_in: Loopback, state: Path) -> Outbox:
    """The outbox of the login, as another process sees it."""
    return Outbox(state / "outbox" / logged_in.login.name)


@pytest.fixture
def plant(outbox: Outbox) -> Plant:
    """Let entries wait: a text, the end of the id as hex, a refusal."""

    def planted(text: str, ending: str = "", refused: ErrorCode | None = None) -> Entry:
        number = len(list(outbox.entries()))
        tail = bytes.fromhex(ending.rjust(20, "0"))
        entry = Entry(EntryId.make(START + number, tail), START + number, 60, text, refused=refused)
        outbox.keep(entry)
        return entry

    return planted


# Delivery after a command


@pytest.mark.parametrize("words", [["read"], ["whoami"], ["ping"], ["write", "new"]])
def test_every_command_that_reaches_the_server_delivers(
    run: Run, logged_in: Loopback, outbox: Outbox, plant: Plant, words: list[str]
) -> None:
    """In order, one line on standard error, and the command's own answer and status unchanged."""
    plant("one")
    plant("two")
    status, out, err = run(*words)
    assert (status, err.splitlines()[-1]) == (0, "sent 2 waiting, 0 left")
    assert out or words == ["read"]
    texts = [put.text for put in logged_in.fake.contents.values()]
    assert [text for text in texts if text != "new"] == ["one", "two"]
    assert list(outbox.entries()) == []
    assert "waiting" not in run(*words)[2]


@pytest.mark.parametrize("words", [["read"], ["whoami"], ["ping"], ["write", "new"]])
def test_a_delivery_that_fails_changes_no_status(
    run: Run, logged_in: Loopback, outbox: Outbox, plant: Plant, words: list[str]
) -> None:
    """What went wrong is said; the command succeeded all the same."""
    plant("one")
    (outbox.folder / ".delivering").symlink_to("elsewhere")
    status, _, err = run(*words)
    assert status == 0
    assert "cannot be used" in err.splitlines()[-1]
    assert [entry.text for entry in outbox.waiting()] == ["one"]


def test_what_was_refused_waits_for_its_cure(
    run: Run, logged_in: Loopback, outbox: Outbox, plant: Plant
) -> None:
    """For its login: until the next login. For good: until it is dropped, quietly."""
    plant("login", refused=ErrorCode.EXPIRED)
    plant("conflict", refused=ErrorCode.CONFLICT)
    assert run("whoami")[2] == ""
    words = ("login", str(logged_in.address), "alice")
    assert run(*words, DIARY_PASSWORD=PASSWORD)[2] == "sent 1 waiting, 0 left\n"
    assert [entry.text for entry in outbox.entries()] == ["conflict"]


def test_the_answer_is_out_before_older_entries_are_tried(
    logged_in: Loopback, environment: dict[str, str], plant: Plant
) -> None:
    """A server that is silent to older entries delays nothing that the person waits for."""
    plant("one")
    logged_in.fake.silent_to = "one"
    child = terminal("whoami", environment=environment)
    child.expect("alice@.* full, until")
    assert "kept" not in child.before
    status, rest = finish(child)
    assert status == 0
    assert "kept in the outbox" in rest


# list


def test_the_list_tells_what_waits_and_why(run: Run, plant: Plant) -> None:
    """Oldest first: short id, time, state, the first line, escaped."""
    plant("one\x1b[2J", "abcde")
    plant("two\nlines", "12345", ErrorCode.CONFLICT)
    status, out, err = run("outbox", "list")
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        "abcde 2026-11-18 12:06 waiting one\\x1b[2J",
        "12345 2026-11-18 12:06 refused CONFLICT two ...",
    ]


def test_the_list_for_programs(run: Run, logged_in: Loopback, plant: Plant) -> None:
    """Whole ids and texts, times with their offset; an empty outbox is an empty list."""
    assert run("outbox", "list", "--json") == (0, "[]\n", "")
    assert run("outbox", "list") == (0, "", "nothing waits\n")
    entry = plant("two\nlines 今天\u202e", "12345", ErrorCode.EXPIRED)
    status, out, err = run("outbox", "list", "--json")
    assert (status, err) == (0, "")
    assert out.isascii()
    assert json.loads(out) == [
        {
            "id": entry.id.hex(),
            "at": "2026-11-18T12:06:40.000+01:00",
            "login": logged_in.login.name,
            "state": "refused EXPIRED",
            "text": "two\nlines 今天\u202e",
        }
    ]


def test_all_logins_are_listed_unless_one_is_named(run: Run, state: Path, plant: Plant) -> None:
    """Also the outbox of a login that is gone; nothing that waits is out of sight."""
    entry = plant("here")
    Outbox(state / "outbox" / "bob@gone.test:8888").keep(entry._replace(text="there"))
    out = run("outbox", "list")[1]
    assert " bob@gone.test:8888 there\n" in out
    assert " here\n" in out
    assert len(run("--user", "bob", "outbox", "list")[1].splitlines()) == 1
    assert run("--server", "gone.test", "outbox", "list")[1].endswith("waiting there\n")
    assert run("--user", "carol", "outbox", "list")[1] == ""


def test_a_damaged_file_is_named(run: Run, outbox: Outbox, plant: Plant) -> None:
    """It blocks neither the list nor the sending."""
    entry = plant("one")
    write_private(outbox.folder / "x.json", b"\xff")
    status, out, err = run("outbox", "list")
    assert (status, len(out.splitlines())) == (0, 1)
    assert "x.json is damaged and holds no entry; it is set aside as x.json.damaged" in err
    assert run("outbox", "list")[2] == ""
    assert run("outbox", "flush")[0] == 0
    assert entry not in outbox.entries()


def test_a_terminal_gets_no_line_that_wraps(environment: dict[str, str], plant: Plant) -> None:
    """Cut to the width, wide characters counted as two."""
    plant("今天天气很好" * 20, "abcde")
    child = terminal("outbox", "list", environment=environment | {"COLUMNS": "40"})
    status, shown = finish(child)
    assert (status, shown) == (
        0,
        "abcde 2026-11-18 12:06 waiting\r\n  今天天气很好今天天气很好今天天气很...\r\n",
    )


# flush


def test_flush_tells_each(run: Run, logged_in: Loopback, outbox: Outbox, plant: Plant) -> None:
    """`saved` on standard output for each, oldest first; what was refused for its login too."""
    plant("one", "11111")
    plant("two", "22222", ErrorCode.EXPIRED)
    status, out, err = run("outbox", "flush")
    assert (status, err) == (0, "")
    assert re.findall(r"saved (\w+) ", out) == ["11111", "22222"]
    assert run("outbox", "flush") == (0, "", "")
    assert list(outbox.entries()) == []


@pytest.mark.parametrize(
    ("codes", "status", "saved", "left"),
    [
        ([ErrorCode.CONFLICT], 6, 1, 0),
        ([ErrorCode.REVOKED], 3, 0, 1),
        ([ErrorCode.QUOTA], 6, 0, 2),
    ],
)
def test_flush_tells_refusals_by_its_status(
    run: Run,
    logged_in: Loopback,
    outbox: Outbox,
    plant: Plant,
    codes: list[ErrorCode],
    status: int,
    saved: int,
    left: int,
) -> None:
    """A conflict blocks nothing behind it; what concerns all ends the flush."""
    plant("one")
    plant("two", "22222")
    logged_in.fake.refusals.extend(codes)
    found, out, err = run("outbox", "flush")
    assert (found, len(out.splitlines())) == (status, saved)
    assert "kept in the outbox" in err
    assert len(outbox.waiting()) == left


def test_flush_without_a_server(
    run: Run, logged_in: Loopback, state: Path, outbox: Outbox, plant: Plant
) -> None:
    """Exit 5: still here."""
    nobody = logged_in.login._replace(address=Address("no-such-host.invalid", 8888))
    Logins(state / "logins").save(nobody)
    elsewhere = Outbox(state / "outbox" / nobody.name)
    elsewhere.keep(plant("one"))
    status, out, err = run("--server", str(nobody.address), "outbox", "flush")
    assert (status, out) == (5, "")
    assert err.endswith("1 still waits\n")


# drop


def test_drop_prints_the_text_back(run: Run, outbox: Outbox, plant: Plant) -> None:
    """By the end of the id, whatever its case; the others stay."""
    plant("one\n\x1b[2Jmore", "abcde")
    plant("two", "22222")
    status, out, err = run("outbox", "drop", "--yes", "BCDE")
    assert (status, err) == (0, "")
    assert out.startswith("| one\n| \\x1b[2Jmore\ndropped abcde 2026-11-18 12:06 alice@")
    assert [entry.text for entry in outbox.entries()] == ["two"]


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["--yes", "e"], 2, "e is the end of several ids:\n"),
        (["--yes", ""], 2, "an ID is the end of an entry's id"),
        (["--yes", "xyz"], 2, "1 to 32 of 0-9 a-f"),
        (["--yes", "fffff"], 7, "has an id that ends in fffff"),
        (["--yes", "abcde", "fffff"], 7, "nothing was dropped"),
        (["abcde"], 2, "--yes"),
        ([], 2, "Missing argument"),
    ],
)
def test_drop_drops_nothing_by_mistake(
    run: Run, outbox: Outbox, plant: Plant, words: list[str], status: int, message: str
) -> None:
    """Ambiguous, unknown, unasked: nothing is gone, not even what was named besides."""
    plant("one", "abcde")
    plant("two", "fbcde")
    found, out, err = run("outbox", "drop", *words)
    assert (found, out) == (status, "")
    assert message in err
    assert len(list(outbox.entries())) == 2
    if "several" in message:
        assert " abcde 2026-11-18 12:06 waiting one\n" in err
        assert " fbcde 2026-11-18 12:06 waiting two\n" in err


@pytest.mark.parametrize(("answer", "left"), [("y", 0), ("n", 1), ("", 1)])
def test_drop_asks_at_a_terminal(
    environment: dict[str, str], outbox: Outbox, plant: Plant, answer: str, left: int
) -> None:
    """The text is shown, escaped, and no is the default."""
    plant("my\x1b[2Jtext", "abcde")
    child = terminal("outbox", "drop", "abcde", environment=environment)
    child.expect_exact("| my\\x1b[2Jtext")
    child.expect_exact("Drop abcde")
    child.sendline(answer)
    assert finish(child)[0] == 0
    assert len(list(outbox.entries())) == left


def test_what_is_being_sent_is_not_dropped(run: Run, outbox: Outbox, plant: Plant) -> None:
    """Another process holds it: 1 after a while, and it is still there."""
    entry = plant("one", "abcde")
    assert outbox.hold(entry.id) == entry
    status, out, err = run("outbox", "drop", "--yes", "abcde")
    assert (status, out) == (1, "")
    assert "is sending abcde" in err
    outbox.release(entry.id)
    assert outbox.waiting() == [entry]


def test_the_help_has_examples(run: Run) -> None:
    """Of the group, and a help for each command."""
    out = run("outbox", "--help")[1]
    assert "diaryclient outbox drop 4fb39" in out
    for name in ("list", "flush", "drop"):
        assert run("outbox", name, "--help")[0] == 0
