"""`edit` and `rm` at a terminal, against the real server: editor, questions, two devices."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.programs import Home, Server
from tests.terminals import Terminal

Open = Callable[..., Terminal]


@pytest.fixture(scope="module")
def alice(shared: Server, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with a login."""
    home = Home(tmp_path_factory.mktemp("alice"))
    home.login(shared, "alice")
    return home


@pytest.fixture
def name(alice: Home) -> str:
    """An entry in two lines, by its name."""
    return alice.speak("write", "first\nsecond").out.split()[1]


@pytest.fixture
def open_terminal(alice: Home) -> Iterator[Open]:
    """Start `diaryclient` at terminals that are closed after the test."""
    opened: list[Terminal] = []

    def start(*words: str, **variables: str) -> Terminal:
        opened.append(Terminal(alice, *words, columns=300, **variables))
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


def text(home: Home, name: str) -> str:
    """Give an entry as it stands."""
    return home.speak("show", name, "--format", "txt").out


def drafts(home: Home) -> list[Path]:
    """Give the files of texts that were not written."""
    return sorted((home.folder / "state/diaryclient/drafts").glob("*"))


def test_the_editor_begins_with_the_text(
    open_terminal: Open, alice: Home, name: str, tmp_path: Path
) -> None:
    """What it leaves is the entry; its file is gone."""
    terminal = open_terminal("edit", name, VISUAL=editor(tmp_path, 'sed -i "s/first/三/" "$1"'))
    terminal.sees(f"amended {name} ")
    assert terminal.wait() == 0
    assert text(alice, name).endswith("] 三\nsecond\n")
    assert drafts(alice) == []


@pytest.mark.parametrize("body", [":", 'touch "$1"', 'echo >> "$1"'])
def test_an_untouched_text_is_no_change(
    open_terminal: Open, alice: Home, name: str, tmp_path: Path, body: str
) -> None:
    """Exit 0; nor is the newline that editors put at the end."""
    terminal = open_terminal("edit", name, VISUAL=editor(tmp_path, body))
    terminal.sees(f"unchanged {name}; nothing was written")
    assert terminal.wait() == 0
    assert len(alice.speak("history", name).out.splitlines()) == 3
    assert drafts(alice) == []


@pytest.mark.parametrize(("answer", "told"), [("y", "removed"), ("", "unchanged")])
def test_an_emptied_text_asks_whether_to_remove(
    open_terminal: Open, alice: Home, name: str, tmp_path: Path, answer: str, told: str
) -> None:
    """An editor's mishap removes nothing."""
    terminal = open_terminal("edit", name, VISUAL=editor(tmp_path, ': > "$1"'))
    terminal.sees(f"Remove {name}?")
    terminal.type(answer)
    terminal.sees(f"{told} {name}")
    assert terminal.wait() == 0
    assert bool(text(alice, name)) is (told == "unchanged")
    assert drafts(alice) == []


def test_another_device_writes_while_the_editor_is_open(
    open_terminal: Open, alice: Home, name: str, tmp_path: Path
) -> None:
    """Both texts are shown; the own one stays in the file that is named."""
    body = 'echo mine > "$1"\necho ready\nread line'
    terminal = open_terminal("edit", name, VISUAL=editor(tmp_path, body))
    terminal.sees("ready")
    assert alice.speak("edit", name, "--text", "theirs").status == 0
    terminal.type("")
    terminal.sees("its text is now:\r\n| theirs\r\nyour text:\r\n| mine\r\n")
    [draft] = drafts(alice)
    terminal.sees(f"the text stays in {draft}; to try again: diaryclient edit {name} < {draft}")
    assert terminal.wait() == 6
    assert text(alice, name).endswith("] theirs\n")
    assert alice.speak("edit", name, stdin=draft.read_bytes()).status == 0
    assert text(alice, name).endswith("] mine\n")
    draft.unlink()


def test_a_failing_editor_leaves_the_entry(
    open_terminal: Open, alice: Home, name: str, tmp_path: Path
) -> None:
    """Its text stays in the file that is named."""
    terminal = open_terminal("edit", name, VISUAL=editor(tmp_path, 'echo mine > "$1"; exit 3'))
    terminal.sees("it ended with status 3; the text stays in")
    assert terminal.wait() == 1
    [draft] = drafts(alice)
    assert draft.read_text() == "mine\n"
    draft.unlink()
    assert text(alice, name).endswith("] first\nsecond\n")


def test_rm_shows_and_asks(open_terminal: Open, alice: Home, name: str) -> None:
    """No is the answer of Enter; Ctrl-C is one too, exit 130."""
    for press, told, status in (("", "nothing was removed", 0), ("^C", "interrupted", 130)):
        terminal = open_terminal("rm", name)
        terminal.sees(f"{name} first\r\n| second\r\nRemove this entry?")
        if press:
            terminal.interrupt()
        else:
            terminal.type("")
        terminal.sees(told)
        assert terminal.wait() == status
    assert text(alice, name)
    terminal = open_terminal("rm", name)
    terminal.sees("Remove this entry?")
    terminal.type("y")
    terminal.sees(f"removed {name} ")
    assert terminal.wait() == 0
    assert text(alice, name) == ""
    assert alice.speak("undo", name).status == 0
    assert text(alice, name).endswith("] first\nsecond\n")


def test_clear_tells_how_much_and_asks(open_terminal: Open, alice: Home, name: str) -> None:
    """What is cleared comes back, from the real archive."""
    alice.speak("rm", "--yes", name)
    assert alice.speak("write", "-q", "stays").status == 0
    shown = len(alice.speak("read", "--short").out.splitlines())
    for answer, told in (("", "nothing was cleared"), ("y", "to bring it back")):
        terminal = open_terminal("clear")
        terminal.sees(f"with {shown} entr")
        terminal.type(answer)
        terminal.sees(told)
        assert terminal.wait() == 0
    assert alice.speak("read").out == ""
    [archive] = alice.speak("recover").out.splitlines()
    done = alice.speak("recover", archive.split()[0])
    assert (done.status, done.err) == (0, "")
    assert len(alice.speak("read", "--short").out.splitlines()) == shown
    assert alice.speak("undo", name).status == 0
    assert alice.speak("recover").out == ""
