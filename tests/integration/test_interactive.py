"""`diaryclient` without a command, at a terminal, against the real server."""

import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.diaries import outbox, texts
from tests.programs import Home, Server
from tests.terminals import Terminal

Open = Callable[..., Terminal]
LONG = "今天天气很好，我们去了公园，看见很多人在放风筝。 Then some words that do not fit in."


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


@pytest.fixture
def phone(server: Server, home: Home, tmp_path: Path) -> Home:
    """Alice's other device."""
    other = Home(tmp_path / "phone")
    other.login(server, "alice")
    return other


@pytest.fixture
def open_terminal(home: Home) -> Iterator[Open]:
    """Start `diaryclient` at terminals that are closed after the test."""
    opened: list[Terminal] = []

    def start(*words: str, columns: int = 80, **variables: str) -> Terminal:
        opened.append(Terminal(home, *words, columns=columns, **variables))
        return opened[-1]

    yield start
    for terminal in opened:
        terminal.close()


@pytest.fixture
def terminal(open_terminal: Open) -> Terminal:
    """A terminal that shows an empty day."""
    started = open_terminal()
    started.sees("no entries yet")
    return started


def anonymous(rows: list[str]) -> list[str]:
    """Give the rows that are not empty, without what differs from run to run."""
    text = "\n".join(row for row in rows if row)
    text = re.sub(r"\b\d{4}-\d\d-\d\d\b", "DAY", text)
    text = re.sub(r"(?<= )[0-9a-f]{5}\b(?!:)", "ID", text)
    return re.sub(r"\b\d\d:\d\d\b", "TIME", text).split("\n")


@pytest.mark.measured
def test_a_session(server: Server, home: Home, open_terminal: Open) -> None:
    """Today's entries, a prompt, an answer with id and time for each line; Ctrl-D leaves."""
    home.speak("write", "Walked along the river.")
    terminal = open_terminal()
    terminal.sees("Walked along the river.")
    terminal.type("今天天气很好")
    terminal.sees("saved")
    terminal.type("-R")
    terminal.sees_match(r"(\d\d:\d\d [0-9a-f]{5}) 今天天气很好\r\n")
    assert terminal.leave() == 0
    assert texts(server) == ["Walked along the river.", "今天天气很好"]
    assert anonymous(terminal.rows) == [
        "a line is an entry; -r shows today, -c clears it, Ctrl-D leaves",
        f"DAY alice@{server.address}",
        "TIME ID Walked along the river.",
        "> 今天天气很好",
        "saved ID TIME",
        "> -R",
        f"DAY alice@{server.address}",
        "TIME ID Walked along the river.",
        "TIME ID 今天天气很好",
        ">",
    ]


def test_an_empty_line_does_nothing(server: Server, terminal: Terminal) -> None:
    """Nor does one of spaces."""
    terminal.type("")
    terminal.type("  ")
    terminal.type("real")
    terminal.sees("saved")
    assert terminal.leave() == 0
    assert texts(server) == ["real"]


def test_ctrl_c_drops_the_line_and_stays(server: Server, terminal: Terminal) -> None:
    """Nothing of it is sent; the Up key brings it back."""
    terminal.press("not this")
    terminal.interrupt()
    terminal.sees("dropped")
    terminal.interrupt()
    terminal.type("but this")
    terminal.sees("saved")
    terminal.press("\x1b[A\x1b[A")
    terminal.type(" after all")
    terminal.sees("saved")
    assert terminal.leave() == 0
    assert texts(server) == ["but this", "not this after all"]


def test_a_line_can_be_edited(server: Server, terminal: Terminal) -> None:
    """With the keys of a shell."""
    terminal.press("wrold\x1b[D\x1b[D\x1b[D\x14\x01hello \x05!")
    terminal.type("")
    terminal.sees("saved")
    assert terminal.leave() == 0
    assert texts(server) == ["hello world!"]


def test_a_trailing_backslash_goes_on_in_the_next_line(server: Server, terminal: Terminal) -> None:
    """Two at the end are one, and end the entry."""
    terminal.type("A letter\\")
    terminal.type("in two lines")
    terminal.sees("saved")
    terminal.type("C:\\\\")
    terminal.sees("saved")
    assert terminal.leave() == 0
    assert texts(server) == ["A letter", "\tin two lines", "C:\\\\"]


def test_a_pasted_text_is_one_entry(server: Server, terminal: Terminal) -> None:
    """A terminal marks what is pasted; its line ends stay."""
    terminal.press("\x1b[200~one\rtwo\x1b[201~")
    terminal.type("")
    terminal.sees("saved")
    assert terminal.leave() == 0
    assert texts(server) == ["one", "\ttwo"]


@pytest.mark.measured
def test_clearing_asks(server: Server, terminal: Terminal) -> None:
    """Only y and yes clear; the answers are no entries; the text lies in the archive."""
    terminal.type("precious")
    terminal.sees("saved")
    for answer in ("", "n", "\x03", "\x04"):
        terminal.type("-c")
        terminal.sees("clear today's 1 entry? [y/N]")
        terminal.press(answer if answer in {"\x03", "\x04"} else f"{answer}\r")
        terminal.sees("nothing cleared")
    terminal.type("-C")
    terminal.sees("clear today's 1 entry? [y/N]")
    terminal.type("y")
    terminal.sees("cleared ")
    terminal.sees(", 1 entry; to bring it back: diaryclient recover ")
    terminal.type("-c")
    terminal.sees("today is empty already")
    assert terminal.leave() == 0
    assert texts(server) == []
    [archived] = (server.data / "diaries" / "alice" / "archive").iterdir()
    assert archived.read_text().endswith(" + precious\n")


def test_what_may_be_meant_for_the_program_is_asked_about(
    server: Server, terminal: Terminal
) -> None:
    """Once; y saves it, and all else gives the line back with the Up key."""
    for line in ("help", "?", "quit", "exit", "ls", "--from monday"):
        terminal.type(line)
        terminal.sees("Ctrl-D leaves")
        terminal.sees("save this line as an entry? [y/N]")
        terminal.type("")
        terminal.sees("not saved")
    terminal.type("quit")
    terminal.sees("save this line")
    terminal.press("\x04")  # as a person would who is told so
    terminal.sees("not saved")
    terminal.press("\x1b[A")
    terminal.type("")
    terminal.sees("save this line")
    terminal.type("y")
    terminal.sees("saved ")
    assert terminal.leave() == 0
    assert texts(server) == ["quit"]


def test_yes_clears_unasked(server: Server, open_terminal: Open) -> None:
    """For those who know what they type."""
    terminal = open_terminal("--yes")
    terminal.type("short-lived")
    terminal.sees("saved")
    terminal.type("-c")
    terminal.sees("cleared ")
    assert terminal.leave() == 0
    assert texts(server) == []


@pytest.mark.measured
def test_another_devices_entries_appear_above_what_is_being_typed(
    server: Server, phone: Home, terminal: Terminal
) -> None:
    """Once, with nothing in them that a terminal obeys; the line goes on undisturbed."""
    terminal.type("from here")
    terminal.sees("saved")
    terminal.press("half a ")
    phone.speak("write", stdin="from \x1b[31mthere\u202e\x9b\nsaved 00000 00:00\n")
    terminal.sees("saved 00000")
    terminal.sees("half a")
    terminal.type("line")
    terminal.sees("saved")
    phone.speak("write", "second")
    terminal.sees("second")
    assert terminal.leave() == 0
    assert anonymous(terminal.rows)[2:] == [
        "> from here",
        "saved ID TIME",
        r"TIME ID from \x1b[31mthere\u202e\x9b",
        "| saved ID TIME",
        "> half a line",
        "saved ID TIME",
        "TIME ID second",
        ">",
    ]
    assert not any(each in terminal.output for each in ("\x1b[31m", "\u202e", "\x9b"))
    assert texts(server)[-2:] == ["half a line", "second"]


@pytest.mark.measured
def test_another_devices_clearing_is_told(phone: Home, open_terminal: Open) -> None:
    """And what it writes afterwards."""
    phone.speak("write", "from there")
    terminal = open_terminal()
    terminal.sees("from there")
    assert phone.speak("--yes", stdin="-c\nafterwards\n").status == 0
    terminal.sees("today was cleared elsewhere")
    terminal.sees("afterwards")
    assert terminal.leave() == 0


@pytest.mark.measured
def test_a_server_that_goes_away_and_comes_back(server: Server, terminal: Terminal) -> None:
    """Lines are queued and shown as queued, -r and -c say why, and all are saved afterwards."""
    server.stop()
    terminal.type("first")
    first = terminal.sees_match(r"queued ([0-9a-f]{5}): nothing listens")
    terminal.type("second")
    second = terminal.sees_match(r"queued ([0-9a-f]{5})\r\n")
    terminal.type("-r")
    terminal.sees("today cannot be shown: nothing listens")
    terminal.sees("queued, not on the server yet:")
    terminal.sees(f"{first} first")
    terminal.sees(f"{second} second")
    terminal.type("-c")
    terminal.sees("nothing was cleared: nothing listens")
    server.restart()
    terminal.sees(f"saved {first} ")
    terminal.sees(f"saved {second} ")
    terminal.type("third")
    terminal.sees("saved")
    assert terminal.leave() == 0
    assert texts(server) == ["first", "second", "third"]


@pytest.fixture
def frozen(server: Server) -> Iterator[Callable[[int], None]]:
    """Send the server a signal; it runs on after the test."""
    yield server.process.send_signal
    server.process.send_signal(signal.SIGCONT)


def test_a_silent_server_never_stops_the_typing(
    server: Server, terminal: Terminal, frozen: Callable[[int], None]
) -> None:
    """The next line can be typed at once; the answers follow in order."""
    frozen(signal.SIGSTOP)
    terminal.type("first")
    terminal.press("sec")
    terminal.sees("sec")
    frozen(signal.SIGCONT)
    terminal.sees("saved")
    terminal.type("ond")
    terminal.sees("saved")
    assert terminal.leave() == 0
    assert texts(server) == ["first", "second"]


@pytest.mark.measured
def test_leaving_a_silent_server_takes_a_moment_and_loses_nothing(
    home: Home, terminal: Terminal, frozen: Callable[[int], None]
) -> None:
    """What is on its way is kept, and said to be."""
    frozen(signal.SIGSTOP)
    terminal.type("on its way")
    terminal.press("\x04")
    terminal.sees("1 entry waits in the outbox")
    assert terminal.wait() == 0
    assert outbox(home) == ["on its way"]


def test_an_outbox_that_cannot_be_written(home: Home, open_terminal: Open) -> None:
    """Nothing is sent that is not kept; the line comes back with the Up key."""
    in_the_way = home.folder / "state" / "diaryclient" / "outbox"
    in_the_way.write_text("")
    terminal = open_terminal()
    terminal.sees("no entries yet")
    terminal.type("my text")
    terminal.sees("NOT SAVED, and not sent")
    in_the_way.unlink()
    terminal.press("\x1b[A")
    terminal.type("")
    terminal.sees("saved")
    assert terminal.leave() == 0


def test_ctrl_z_without_a_shell_to_return_to(server: Server, terminal: Terminal) -> None:
    """The line is still there."""
    terminal.press("half a \x1aline")
    terminal.type("")
    terminal.sees("saved")
    assert terminal.leave() == 0
    assert texts(server) == ["half a line"]


def test_what_waits_on_leaving_is_sent_the_next_time(
    server: Server, home: Home, terminal: Terminal, open_terminal: Open
) -> None:
    """It says so, and needs no more typing."""
    server.stop()
    terminal.type("waits")
    terminal.sees("queued")
    terminal.press("\x04")
    terminal.sees("1 entry waits in the outbox")
    assert terminal.wait() == 0
    assert outbox(home) == ["waits"]
    server.restart()
    again = open_terminal()
    again.sees("waits")
    again.sees("saved")
    assert again.leave() == 0
    assert outbox(home) == []
    assert texts(server) == ["waits"]


def test_a_start_without_a_server(server: Server, open_terminal: Open) -> None:
    """The prompt is there, and the day is shown when the server is."""
    server.stop()
    terminal = open_terminal()
    terminal.sees("today cannot be shown: nothing listens")
    terminal.type("typed meanwhile")
    terminal.sees("queued")
    server.restart()
    terminal.sees("saved")
    terminal.sees("typed meanwhile")
    assert terminal.leave() == 0


def test_a_revoked_login_says_what_to_type_and_keeps_the_line(
    server: Server, home: Home, terminal: Terminal
) -> None:
    """After a new login, in another window, the same session goes on."""
    terminal.type("before")
    terminal.sees("saved")
    server.remove_user("alice")
    server.add_user("alice")
    terminal.type("kept")
    terminal.sees_match(
        r"log in again: diaryclient login([^;]*);\s+[0-9a-f]{5} is\s+kept in the\s+outbox"
    )
    assert outbox(home) == ["kept"]
    home.login(server, "alice")
    terminal.type("after")
    terminal.sees("saved")
    assert terminal.leave() == 0
    assert texts(server) == ["kept", "after"]


def test_a_text_that_is_too_long_is_kept(home: Home, terminal: Terminal) -> None:
    """With both numbers."""
    terminal.press("\x1b[200~" + "x" * 262145 + "\x1b[201~")
    terminal.type("")
    terminal.sees("the text has 262145 bytes, an entry at most 262144")
    assert terminal.leave() == 0
    assert outbox(home) == ["x" * 262145]


def test_bytes_that_are_no_text_are_not_saved(server: Server, home: Home) -> None:
    """A terminal of another encoding gets an answer, not a crash."""
    terminal = Terminal(home)
    try:
        terminal.sees("no entries yet")
        terminal.press_bytes(b"\xe9\r")
        terminal.sees("not valid UTF-8")
        assert terminal.leave() == 0
    finally:
        terminal.close()
    assert texts(server) == []


def test_forty_columns(phone: Home, open_terminal: Open) -> None:
    """Wide characters and long lines are broken before the edge, and go on indented."""
    phone.speak("write", LONG)
    terminal = open_terminal(columns=40)
    terminal.sees("do not fit in.")
    terminal.type("今天天气很好，我们去了公园，看见很多人在放风筝。再见\\")
    terminal.type("再见")
    terminal.sees("saved")
    terminal.press("half a line")
    phone.speak("write", LONG)
    terminal.sees("do not fit in.")
    terminal.sees("half a line")
    terminal.interrupt()
    assert terminal.leave() == 0
    assert anonymous(terminal.rows)[3:] == [
        "TIME ID 今天天气很好，我们去了公园，",
        "  看见很多人在放风筝。 Then some words",
        "  that do not fit in.",
        "> 今天天气很好，我们去了公园，看见很多人",
        "  在放风筝。再见",
        "| 再见",
        "saved ID TIME",
        "TIME ID 今天天气很好，我们去了公园，",
        "  看见很多人在放风筝。 Then some words",
        "  that do not fit in.",
        "> half a line",
        "dropped; the Up key brings it back",
        ">",
    ]


def test_no_history_lies_about(home: Home, terminal: Terminal) -> None:
    """What was sent is in no file of the home."""
    terminal.type("a secret")
    terminal.sees("saved")
    assert terminal.leave() == 0
    files = [file for file in home.folder.rglob("*") if file.is_file()]
    assert files
    assert not any(b"a secret" in file.read_bytes() for file in files)


def test_without_a_login_nothing_is_asked(server: Server, tmp_path: Path) -> None:
    """Exit 3 and what to type, before anything can be typed."""
    terminal = Terminal(Home(tmp_path / "nobody"))
    try:
        terminal.sees("there is no login yet; type: diaryclient login HOST USER")
        assert terminal.wait() == 3
    finally:
        terminal.close()


def test_a_dumb_terminal_takes_lines(server: Server, open_terminal: Open) -> None:
    """An editor's shell window cannot edit lines: they are taken as from a pipe."""
    terminal = open_terminal(TERM="dumb")
    terminal.sees("Each line is an entry")
    terminal.type("plain line")
    terminal.sees_match(rf"saved ([0-9a-f]{{5}}) .* alice@{server.address}")
    assert terminal.leave() == 0
    assert "\x1b" not in terminal.output
    assert texts(server) == ["plain line"]
