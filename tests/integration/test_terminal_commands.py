"""`read`, `show` and `write` at a terminal, against the real server: colours, pager, editor."""

import json
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from wcwidth import width

from diaryclient.home.outbox import Entry, Outbox
from protocol.identifiers import EntryId
from tests.diaries import outbox, texts
from tests.integration.logins import copy_login
from tests.programs import PATIENCE_SECONDS, Home, Server
from tests.terminals import Terminal

Open = Callable[..., Terminal]
LONG = (
    "今天天气很好，我们去了公园，看见很多人在放风筝。 Then words that do not fit in. @公园 @kites"
)


@pytest.fixture(scope="module")
def alice(shared: Server, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home whose diary has forty entries of one row, and a long one in two lines."""
    home = Home(tmp_path_factory.mktemp("alice"))
    home.login(shared, "alice")
    lines = "".join(f"row {number}\n" for number in range(40))
    assert home.speak(stdin=lines).status == 0
    assert home.speak("write", "--star", f"Kites.\n{LONG}\n\nend \x1b[2J").status == 0
    return home


@pytest.fixture
def open_terminal(alice: Home) -> Iterator[Open]:
    """Start `diaryclient` at terminals that are closed after the test."""
    opened: list[Terminal] = []

    def start(*words: str, columns: int = 80, **variables: str) -> Terminal:
        opened.append(Terminal(alice, *words, columns=columns, **variables))
        return opened[-1]

    yield start
    for terminal in opened:
        terminal.close()


def editor(folder: Path, body: str) -> str:
    """Give the command of an editor that does what a shell does with the file "$1"."""
    path = folder / "editor"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o700)
    return str(path)


def test_a_narrow_terminal_is_filled_and_coloured(open_terminal: Open) -> None:
    """Wide characters count twice; the body stands behind `| `; controls stay harmless."""
    terminal = open_terminal("read", "--starred", columns=40, NO_COLOR="")
    assert terminal.wait() == 0
    rows = [row for row in terminal.rows if row]
    assert all(width(row) <= 40 for row in rows)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d [0-9a-f]{5} \* Kites\.", rows[0])
    assert all(row.startswith("|") for row in rows[1:])
    assert "".join(row[2:] for row in rows[1:-2]).replace(" ", "") == LONG.replace(" ", "")
    assert rows[-1] == r"| end \x1b[2J"
    assert "\x1b[33m@kites\x1b[0m" in terminal.output


@pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_colours_can_be_turned_off(open_terminal: Open, variables: dict[str, str]) -> None:
    """By the variable that all programs know, or by a terminal that has none."""
    terminal = open_terminal("read", "--starred", **variables)
    assert terminal.wait() == 0
    assert "\x1b" not in terminal.output


def test_short_rows_are_cut(open_terminal: Open) -> None:
    """One row an entry, whatever its text."""
    terminal = open_terminal("read", "--short", "-n", "2", columns=24)
    assert terminal.wait() == 0
    rows = [row for row in terminal.rows if row]
    assert [row[-3:] for row in rows] == ["...", "..."]


@pytest.mark.parametrize(
    "words",
    [["status"], ["whoami"], ["doctor"], ["token", "list"], ["outbox", "list"], ["recover"]],
)
def test_facts_fit_a_narrow_terminal(alice: Home, open_terminal: Open, words: list[str]) -> None:
    """Nothing is wider than 40 columns, and nothing is missing; what goes on is indented."""
    for name in ("alice@gone.test:8888", "robert@elsewhere.example.org:8888"):
        Outbox(alice.folder / "state/diaryclient/outbox" / name).keep(
            Entry(EntryId.make(1_795_000_000_000, name.encode()[:10]), 1_795_000_000_000, 0, LONG)
        )
    assert alice.speak("write", "-q", "--at", "2020-01-01 12:00", "old").status == 0
    assert alice.speak("clear", "--yes", "--on", "2020-01-01").status == 0
    whole = alice.speak(*words).out
    terminal = open_terminal(*words, columns=40)
    terminal.wait()
    rows = [row for row in terminal.rows if row]
    assert all(width(row) <= 40 for row in rows)
    assert max(width(row) for row in whole.splitlines()) > 40
    assert sum(not row.startswith("  ") for row in rows) == len(whole.splitlines())
    if words == ["outbox", "list"]:
        assert sum(row.startswith("  今天天气很好") for row in rows) == 2
    else:
        assert timeless("".join(rows)) == timeless(whole)


def timeless(text: str) -> str:
    """Give a text without blanks and what a clock has measured."""
    return re.sub(
        r"[\d.]+ms|is(?=\d+ms)|ahead|behind|agreeswiththisone", "", re.sub(r"\s", "", text)
    )


@pytest.mark.parametrize(("columns", "maps"), [(80, 1), (40, 2)])
def test_a_year_is_drawn_as_wide_as_the_terminal(
    open_terminal: Open, columns: int, maps: int
) -> None:
    """Whole at 80 columns, in halves at 40; a block of colour over each day's mark."""
    terminal = open_terminal("calendar", columns=columns, NO_COLOR="")
    assert terminal.wait() == 0
    rows = [row for row in terminal.rows if row]
    assert re.fullmatch(r"\d{4}: \d+ entries on [12] days?", rows[0])
    assert [row[:3] for row in rows].count("Mon") == maps
    assert all(width(row) < columns for row in rows)
    assert re.search(r"\x1b\[38;5;(\d+);48;5;\1m#\x1b\[0m", terminal.output)


def test_figures_and_the_year_without_colours(open_terminal: Open) -> None:
    """The same characters, and a chart that fits 40 columns."""
    terminal = open_terminal("calendar", NO_COLOR="1")
    assert terminal.wait() == 0
    assert "\x1b" not in terminal.output
    assert re.search(r"^\. none  .*# \d", "\n".join(terminal.rows), re.MULTILINE)
    terminal = open_terminal("stats", "month", columns=40)
    assert terminal.wait() == 0
    assert all(width(row) < 40 for row in terminal.rows)
    assert "tags      @kites 1, @公园 1" in terminal.rows


def test_what_does_not_fit_the_screen_is_paged(open_terminal: Open) -> None:
    """With the person's own pager."""
    terminal = open_terminal("read", PAGER="sed s/^/paged:/")
    terminal.sees("paged:")
    assert terminal.wait() == 0
    assert len(re.findall(r"paged:.* row \d+", terminal.output)) == 40


@pytest.mark.parametrize(
    ("words", "pager"),
    [(["-n", "5"], "false"), (["--no-pager"], "false"), ([], ""), ([], "no-such-pager")],
)
def test_what_fits_or_shall_not_be_is_not_paged(
    open_terminal: Open, words: list[str], pager: str
) -> None:
    """It is printed."""
    terminal = open_terminal("read", *words, PAGER=pager)
    assert terminal.wait() == 0
    assert "row 39" in terminal.output


def test_a_pager_that_is_left_early_is_no_error(open_terminal: Open) -> None:
    """Nobody must read to the end."""
    terminal = open_terminal("read", PAGER="head -1")
    assert terminal.wait() == 0
    assert "Traceback" not in terminal.output
    assert "row 39" not in terminal.output


def test_the_editors_text_is_written(
    shared: Server, open_terminal: Open, alice: Home, tmp_path: Path
) -> None:
    """With the time that its first words name; its file is gone."""
    terminal = open_terminal("write", VISUAL=editor(tmp_path, 'echo "2026-01-02 15:04: 写" > "$1"'))
    terminal.sees(" 2026-01-02 15:04 ")
    assert terminal.wait() == 0
    assert texts(shared)[0] == "写"
    assert drafts(alice) == []


@pytest.mark.parametrize(
    ("body", "message", "left"),
    [
        (":", "the editor left no text; nothing was written", []),
        ('echo " " > "$1"', "the editor left no text; nothing was written", []),
        ('echo precious > "$1"; exit 1', "the text stays in", ["precious\n"]),
        ('echo "9000-01-01: precious" > "$1"', "the text stays in", ["9000-01-01: precious\n"]),
    ],
)
def test_the_editor_or_its_text_is_of_no_use(
    open_terminal: Open, alice: Home, tmp_path: Path, body: str, message: str, left: list[str]
) -> None:
    """Exit 1 or 2; nothing typed is lost, and it is said where it is."""
    terminal = open_terminal("write", columns=300, VISUAL=editor(tmp_path, body))
    terminal.sees(message)
    assert terminal.wait() in {1, 2}
    assert [path.read_text() for path in drafts(alice)] == left
    for path in drafts(alice):
        assert str(path) in terminal.output
        path.unlink()


def test_an_open_editor_is_not_killed_by_ctrl_c(
    shared: Server, open_terminal: Open, tmp_path: Path
) -> None:
    """It means what it means to the editor."""
    body = 'trap "echo alive" INT\necho ready\nread line || read line\necho "$line" > "$1"'
    terminal = open_terminal("write", VISUAL=editor(tmp_path, body))
    terminal.sees("ready")
    terminal.interrupt()
    terminal.sees("alive")
    terminal.type("typed after Ctrl-C")
    terminal.sees("saved")
    assert terminal.wait() == 0
    assert "typed after Ctrl-C" in texts(shared)


def test_ctrl_c_after_the_editor_loses_nothing(shared: Server, home: Home, tmp_path: Path) -> None:
    """The server is silent: the text is in the outbox before anything is sent."""
    home.login(shared, "alice")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        silent.settimeout(PATIENCE_SECONDS)
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        copy_login(home, "alice", shared.address, address)
        words = ("--server", address, "write")
        terminal = Terminal(home, *words, VISUAL=editor(tmp_path, 'echo "my text" > "$1"'))
        silent.recv(2000)
        assert outbox(home) == ["my text"]
        terminal.interrupt()
        terminal.sees("interrupted; kept in the outbox")
        assert terminal.wait() == 130
    assert outbox(home) == ["my text"]
    assert drafts(home) == []


def test_a_pipe_gets_neither_colours_nor_rows(alice: Home) -> None:
    """Data as it is, and `show` gives the entry that `read` named."""
    done = alice.speak("read", "--starred")
    assert (done.status, done.err) == (0, "")
    assert "\x1b" not in done.out
    assert f"| {LONG}\n" in done.out
    done = alice.speak("show", done.out.split()[2], "--format", "json")
    assert json.loads(done.out)["entries"][0]["starred"] is True


def drafts(home: Home) -> list[Path]:
    """Give the files of texts that were not written."""
    return sorted((home.folder / "state/diaryclient/drafts").glob("*"))
