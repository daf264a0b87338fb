"""`diaryclient` without a command, in a pipe, against the real server."""

import re
from pathlib import Path

import pytest

from tests.diaries import outbox, texts
from tests.programs import Home, Server


@pytest.fixture
def server(reused: Server) -> Server:
    """A server without users."""
    return reused


@pytest.fixture
def home(server: Server, home: Home) -> Home:
    """A home that is logged in as alice."""
    server.add_user("alice")
    home.login(server, "alice")
    return home


def test_lines_from_a_pipe_are_entries(server: Server, home: Home) -> None:
    """One answer each on stdout; blank lines skipped, backslashes kept, any line end."""
    done = home.client(stdin="one\n\n  \ntwo\\\r\n -r\nlast")
    assert (done.status, done.err) == (0, "")
    assert re.fullmatch(
        rf"(saved [0-9a-f]{{5}} \d{{4}}-\d\d-\d\d \d\d:\d\d alice@{server.address}\n){{4}}",
        done.out,
    )
    assert texts(server) == ["one", "two\\\\", " -r", "last"]


def test_commands_from_a_pipe(server: Server, home: Home) -> None:
    """-r prints today as `read` does; -c needs --yes, and without it stops no text behind it."""
    done = home.speak(stdin="-r\none\n-R\n-c\ntwo\n")
    assert done.status == 2
    assert re.fullmatch(
        r"saved ([0-9a-f]{5}) .*\n\d{4}-\d\d-\d\d \d\d:\d\d \1 one\nsaved .*\n", done.out
    )
    assert re.fullmatch(
        r"no entries on .*\ndiaryclient: -c clears today only with diaryclient --yes; nothing was "
        r"cleared\n",
        done.err,
    )
    assert texts(server) == ["one", "two"]
    done = home.speak("--yes", stdin="-c\nthree\n-c\n-c\n")
    assert done.status == 0
    cleared = re.findall(r"^cleared \d{4}-\d\d-\d\d, (.*)$", done.out, re.MULTILINE)
    assert cleared == ["2 entries", "1 entry"]
    assert done.err.count("to bring it back: diaryclient recover ") == 2
    assert texts(server) == []


def test_yes_belongs_to_no_command(home: Home) -> None:
    """It would look as if it did something."""
    done = home.speak("--yes", "read")
    assert (done.status, done.out) == (2, "")


def test_a_pipe_while_the_server_is_away(server: Server, home: Home) -> None:
    """Exit 5 when something is left, in the outbox; the next run sends it."""
    server.stop()
    done = home.speak(stdin="one\ntwo\nthree\n")
    assert (done.status, done.out) == (5, "")
    assert [line.split()[0] for line in done.err.splitlines()] == ["queued"] * 3
    assert outbox(home) == ["one", "two", "three"]
    server.restart()
    done = home.speak(stdin="four\n")
    assert done.status == 0
    assert done.err == "sent 3 waiting, 0 left\n"
    assert texts(server) == ["four", "one", "two", "three"]


def test_a_pipe_with_a_refused_login(server: Server, home: Home) -> None:
    """Exit 3: the first line says what to type, the others are kept unsent and say so."""
    server.remove_user("alice")
    server.add_user("alice")
    done = home.speak(stdin="one\ntwo\nthree\n")
    assert (done.status, done.out) == (3, "")
    first, second, third = done.err.splitlines()
    assert "log in again: diaryclient login" in first
    assert second.endswith("kept in the outbox until you log in")
    assert third.endswith("kept in the outbox until you log in")
    assert outbox(home) == ["one", "two", "three"]
    home.login(server, "alice")
    assert sorted(texts(server)) == ["one", "three", "two"]


def test_the_exit_status_is_that_of_the_worst_line(server: Server, home: Home) -> None:
    """Too long is 6 and kept, no text is 2 and given back; the rest is saved."""
    long = "x" * 262145
    done = home.speak(stdin=f"{long}\ngood\n")
    assert done.status == 6
    assert outbox(home) == [long]
    done = home.speak(stdin=b"\xff\x1b one\n" + long.encode() + b"\nfine\n")
    assert done.status == 2
    assert "| \\xff\\x1b one\n" in done.err
    assert "line 1 is not valid UTF-8" in done.err
    done = home.speak(stdin=b"y" * (2**20 + 5) + b"\nbehind it\n")
    assert done.status == 2
    assert "line 1 has more than 1048576 bytes" in done.err
    assert texts(server) == ["good", "fine", "behind it"]


def test_a_pipe_without_a_login_gives_the_lines_back(tmp_path: Path) -> None:
    """Exit 3; what cannot be typed again is printed, the reason first."""
    done = Home(tmp_path / "nobody").speak(stdin="one\n\n-r\ntwo\x1b[2J\n")
    assert (done.status, done.out) == (3, "")
    assert done.err == (
        "diaryclient: there is no login yet; type: diaryclient login HOST USER\n"
        "| one\n"
        "| two\\x1b[2J\n"
    )
