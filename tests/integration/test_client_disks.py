"""A person's disk, mounted for real: full, read-only, and well again. They need root.

The same without root: `tests/client/files/test_disks.py`.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from diaryclient.files.scratch import name_beside
from tests.diaries import texts
from tests.integration.test_disks import fill, mounted, remount
from tests.programs import Home, Server
from tests.terminals import Terminal

pytestmark = pytest.mark.system

SAVED = "my text"


@pytest.fixture
def disk(shared: Server, tmp_path: Path) -> Iterator[Path]:
    """A small disk where the client keeps everything, with alice's login on it."""
    place = tmp_path / "home" / "state"
    with ExitStack() as undo:
        undo.enter_context(mounted(place))
        Home(tmp_path / "home").login(shared, "alice")
        yield place


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Whose state lies on that disk."""
    return Home(tmp_path / "home")


@pytest.fixture(params=["full", "read-only"])
def stricken(request: pytest.FixtureRequest, disk: Path) -> Iterator[str]:
    """What is said of the disk, which takes nothing."""
    if request.param == "full":
        fill(disk)
    else:
        remount(disk, "ro")
    yield f"the disk at {disk} is {request.param}"
    if request.param == "read-only":
        remount(disk, "rw")


def test_each_command_names_the_disk(
    shared: Server, home: Home, disk: Path, stricken: str, tmp_path: Path
) -> None:
    """Texts come back, reading works, `doctor` says why, and --no-keep sends."""
    before = contents(disk)
    for words in (("write",), ("write", "my text")):
        done = home.client(*words, stdin="my text\n" * (len(words) == 1))
        assert (done.status, done.out) == (1, "")
        assert done.err.startswith("| my text\n")
        assert stricken in done.err
    sent = len(texts(shared))
    done = home.client("write", "--no-keep", SAVED)
    assert (done.status, done.err) == (0, "")
    assert texts(shared)[sent:] == [SAVED]
    name = done.out.split()[1]
    assert SAVED in home.client("show", name).out
    done = home.client("edit", name, stdin="another text\n")
    assert (done.status, done.err.split("\n")[0]) == (1, "| another text")
    assert stricken in done.err
    done = home.client("doctor", "--json")
    found = {each["check"]: each for each in json.loads(done.out)}
    assert (done.status, found["disk"]["state"]) == (1, "problem")
    assert stricken in found["disk"]["message"]
    done = home.client("login", shared.address, "alice", "--password-stdin", stdin="x\n")
    assert (done.status, stricken in done.err) == (1, True)
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\nexit 1\n")
    editor.chmod(0o700)
    for words in (("write",), ("edit", name)):
        terminal = Terminal(home, *words, columns=400, VISUAL=str(editor))
        terminal.sees("takes no file for the editor")
        terminal.sees(stricken)
        assert terminal.wait() == 1
    assert contents(disk) == before


def contents(disk: Path) -> list[Path]:
    """Give the files that have something in them: folders and locks may be new."""
    return sorted(each for each in disk.rglob("*") if each.is_file() and each.stat().st_size)


def test_the_conversation_gives_the_line_back(
    home: Home, disk: Path, stricken: str, shared: Server
) -> None:
    """And goes on when the disk does."""
    sent = len(texts(shared))
    terminal = Terminal(home, columns=400)
    terminal.sees("Ctrl-D leaves")
    terminal.type("my text")
    terminal.sees("NOT SAVED, and not sent")
    terminal.sees(stricken)
    if "full" in stricken:
        (disk / "filler").unlink()
    else:
        remount(disk, "rw")
    terminal.press("\x1b[A")
    terminal.type("")
    terminal.sees("saved")
    assert terminal.leave() == 0
    assert texts(shared)[sent:] == ["my text"]
    if "read-only" in stricken:
        remount(disk, "ro")


def test_an_editor_on_a_disk_that_became_full(
    home: Home, disk: Path, shared: Server, tmp_path: Path
) -> None:
    """It leaves an empty file, and nobody is asked whether the entry shall go."""
    name = home.client("write", "old text").out.split()[1]
    editor = tmp_path / "editor"
    editor.write_text(f'#!/bin/sh\n: > "$1"\ncat /dev/zero > {disk}/filler 2> /dev/null\nexit 0\n')
    editor.chmod(0o700)
    terminal = Terminal(home, "edit", name, columns=400, VISUAL=str(editor))
    terminal.sees("the editor left no text")
    terminal.sees(f"the disk at {disk} is full")
    assert terminal.wait() == 1
    assert "old text" in texts(shared)


def test_what_a_kill_left_on_a_disk_that_is_read_only_now(home: Home, disk: Path) -> None:
    """It cannot be swept, and nothing stops for it."""
    (disk / "diaryclient" / "drafts").mkdir()
    name_beside(disk / "diaryclient" / "drafts" / "x").write_text("a text")
    remount(disk, "ro")
    done = home.client("read")
    remount(disk, "rw")
    assert done.status == 0
