"""A disk that takes nothing: it is named, no text is lost, and who wants to may do without it.

Without root: a file stands where a folder should be, or the kernel lets a process write no bytes.
The same with real disks: `tests/integration/test_client_disks.py`.
"""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from diaryclient.files.disks import reason_of, why_unwritable
from diaryclient.home.logins import Logins
from diaryclient.home.settings import Choice
from tests.client.loopback import PASSWORD, Loopback, Run, closed_port
from tests.client.terminal import finish, terminal

RISK = "if no answer comes, nobody knows whether it was saved, and nothing sends it again"
WAY = f"to send it without keeping it: diaryclient write --no-keep; {RISK}"


def block(state: Path, name: str) -> Path:
    """Put a file where a folder should be."""
    state.mkdir(parents=True, exist_ok=True)
    (state / name).write_text("")
    return state / name


def penniless(
    *words: str, environment: dict[str, str], stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run the client where not a byte can be written into any file."""
    return subprocess.run(
        [
            "bash",
            "-c",
            'ulimit -f 0; exec "$@"',
            "bash",
            sys.executable,
            "-m",
            "diaryclient",
            *words,
        ],
        env=os.environ | environment,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "the disk at {} is full"),
        (errno.EDQUOT, "your part of the disk at {} is full"),
        (errno.EROFS, "the disk at {} is read-only"),
        (errno.ENOTDIR, "Not a directory"),
    ],
)
def test_the_disk_is_named_by_where_it_is_mounted(tmp_path: Path, number: int, said: str) -> None:
    """Also for a folder that is not there yet."""
    mount = tmp_path
    while not os.path.ismount(mount):
        mount = mount.parent
    error = OSError(number, os.strerror(number))
    assert reason_of(error, tmp_path / "not" / "there") == said.format(mount)


def test_a_try_leaves_nothing_behind(tmp_path: Path) -> None:
    """Neither a file nor the folder that is not there yet."""
    assert why_unwritable(tmp_path / "a" / "b") == ""
    assert list(tmp_path.iterdir()) == []
    assert why_unwritable(block(tmp_path, "x") / "below") == "Not a directory"


@pytest.mark.parametrize("words", [["write", "my text"], ["write"]])
def test_what_cannot_be_kept_may_be_sent_without(
    run: Run, logged_in: Loopback, state: Path, words: list[str]
) -> None:
    """From words and from a pipe: printed back with the way out, which does it."""
    outbox = block(state, "outbox") / logged_in.login.name
    stdin = b"" if words[1:] else b"my text\n"
    assert run(*words, stdin=stdin) == (
        1,
        "",
        (
            f"| my text\ndiaryclient: NOT SAVED, and not sent: the outbox {outbox} cannot be "
            f"written: Not a directory; the text is printed above; {WAY}\n"
        ),
    )
    assert logged_in.fake.contents == {}
    status, out, err = run("write", "--no-keep", *words[1:], stdin=stdin)
    assert (status, out.split()[0], err) == (0, "saved", "")
    assert [each.text for each in logged_in.fake.contents.values()] == ["my text"]


def test_an_entry_that_is_not_kept_may_have_a_time_and_a_star(
    run: Run, logged_in: Loopback, state: Path
) -> None:
    """As any other."""
    block(state, "outbox")
    status, out, _ = run("write", "--no-keep", "--star", "2020-01-02 15:04: my text")
    assert (status, out.split()[2]) == (0, "2020-01-02")
    [stored] = logged_in.fake.contents.values()
    assert (stored.text, stored.star) == ("my text", True)


def test_without_an_answer_nobody_knows(run: Run, logged_in: Loopback, state: Path) -> None:
    """The text is printed back; it is said whether it can have been saved."""
    block(state, "outbox")
    away = logged_in.login._replace(address=closed_port(), created=2**41)
    Logins(state / "logins").save(away)
    status, out, err = run("write", "--no-keep", "my text")
    assert (status, out) == (4, "")
    assert err.startswith("| my text\ndiaryclient: nothing listens at ")
    assert "; whether it was saved is not known: diaryclient read tells; the text" in err


def test_a_text_that_is_too_long_is_neither_sent_nor_kept(run: Run, logged_in: Loopback) -> None:
    """It is printed back."""
    status, _, err = run("write", "--no-keep", stdin=b"x" * 262_145)
    assert status == 6
    assert err.startswith(f"| {'x' * 262_145}\n")
    assert "it was neither sent nor kept" in err


@pytest.mark.parametrize(("answer", "status"), [("y", 0), ("", 1)])
def test_at_a_terminal_it_is_asked(
    logged_in: Loopback, environment: dict[str, str], state: Path, answer: str, status: int
) -> None:
    """No is the answer of whoever only presses Enter."""
    block(state, "outbox")
    child = terminal("write", "my text", environment=environment)
    child.expect("cannot be written: Not a directory")
    child.expect("Send it without keeping it here\\? If no answer comes, nobody knows")
    child.sendline(answer)
    assert finish(child)[0] == status
    assert len(logged_in.fake.contents) == (status == 0)


@pytest.mark.parametrize("key", ["\x03", "\x04"])
@pytest.mark.parametrize("words", [["precious text"], ["--star", "precious text"], []])
def test_who_leaves_the_question_gets_the_text_back(
    logged_in: Loopback, environment: dict[str, str], state: Path, words: list[str], key: str
) -> None:
    """By Ctrl-C or Ctrl-D: it is nowhere else."""
    block(state, "outbox")
    child = terminal("write", *words, environment=environment)
    if not words:
        child.send("precious text\n\x04")
    child.expect("Send it without keeping it here\\?")
    child.send(key)
    status, out = finish(child)
    assert status == 130
    assert "| precious text" in out
    assert "Traceback" not in out
    assert not logged_in.fake.contents


@pytest.mark.parametrize("words", [["--text", "new text"], []])
def test_an_edited_text_is_printed_back(
    run: Run, logged_in: Loopback, state: Path, words: list[str]
) -> None:
    """Nothing is changed."""
    name = run("write", "old text")[1].split()[1]
    drafts = block(state, "drafts")
    status, out, err = run("edit", name, *words, stdin=b"new text\n")
    assert (status, out) == (1, "")
    assert err == (
        f"| new text\ndiaryclient: NOT CHANGED: {drafts} cannot be written: Not a directory; the "
        "text is printed above\n"
    )
    assert "old text" in run("show", name)[1]


def test_the_editor_is_not_opened_for_nothing(
    run: Run, logged_in: Loopback, environment: dict[str, str], state: Path
) -> None:
    """Whoever writes is told how to write without it."""
    name = run("write", "old text")[1].split()[1]
    block(state, "drafts")
    for words, said in ((["edit", name], "nothing was changed"), (["write"], "--no-keep")):
        child = terminal(*words, environment=environment | {"VISUAL": "touch"})
        status, shown = finish(child)
        assert status == 1
        assert "takes no file for the editor: Not a directory" in shown
        assert said in shown.replace("\r\n", "")


def test_an_editor_that_could_not_save_removes_nothing(
    run: Run, logged_in: Loopback, environment: dict[str, str], state: Path, tmp_path: Path
) -> None:
    """A full disk leaves an empty file, which would mean: remove the entry."""
    name = run("write", "old text")[1].split()[1]
    editor = tmp_path / "editor"
    # The limit begins behind the file that the client makes for the editor.
    editor.write_text('#!/bin/sh\n: > "$1"\nprlimit --fsize=0 --pid $PPID\n')
    editor.chmod(0o700)
    child = terminal("edit", name, environment=environment | {"VISUAL": str(editor)})
    status, shown = finish(child)
    assert status == 1
    assert "the editor left no text" in shown
    assert "File too large" in shown
    assert "Remove" not in shown
    assert "old text" in run("show", name)[1]


def test_doctor_tries_a_write(run: Run, logged_in: Loopback, state: Path) -> None:
    """Where this login's entries would be kept; and leaves nothing behind."""
    before = sorted(state.rglob("*"))
    found = {each["check"]: each for each in json.loads(run("doctor", "--json")[1])}
    assert found["disk"]["state"] == "ok"
    assert sorted(state.rglob("*")) == before
    outbox = block(state, "outbox")
    status, out, _ = run("doctor", "--json")
    found = {each["check"]: each for each in json.loads(out)}
    assert (status, found["disk"]["state"]) == (1, "problem")
    assert found["disk"]["message"] == f"nothing can be kept here: {outbox}: Not a directory"


def test_a_new_login_that_could_not_be_kept_spends_nothing(
    run: Run, loopback: Loopback, state: Path
) -> None:
    """No invite, no password, no token."""
    logins = block(state, "logins")
    words = ("login", str(loopback.address), "alice", "--accept-new", "--password-stdin")
    status, out, err = run(*words, stdin=PASSWORD.encode())
    assert (status, out) == (1, "")
    assert err == f"diaryclient: {logins} cannot be written: Not a directory; nothing was sent\n"
    assert loopback.fake.forms == []


def test_a_process_that_may_write_no_byte(
    run: Run, logged_in: Loopback, environment: dict[str, str], state: Path
) -> None:
    """Reading works, writing gives the text back, `doctor` says why, and nothing is left over."""
    assert run("write", "-q", "old text")[0] == 0
    before = sorted(state.rglob("*"))
    assert "old text" in penniless("read", environment=environment).stdout
    done = penniless("write", environment=environment, stdin="my text\n")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("| my text\n")
    assert "cannot be written: File too large" in done.stderr
    assert penniless("write", "--no-keep", "my text", environment=environment).returncode == 0
    assert (
        "disk      nothing can be kept here" in penniless("doctor", environment=environment).stdout
    )
    assert sorted(state.rglob("*")) == before
    assert Logins(state / "logins").choose(Choice()) == logged_in.login


def test_what_was_typed_before_ctrl_c_is_printed_back(
    logged_in: Loopback, environment: dict[str, str], state: Path
) -> None:
    """Where no draft can be kept."""
    block(state, "drafts")
    child = terminal("write", environment=environment)
    child.expect("Type the entry, then Ctrl-D")
    child.send("half a line")
    child.expect("half a line")
    child.sendintr()
    status, shown = finish(child)
    assert status == 130
    assert "| half a line" in shown
    assert "NOTHING WAS KEPT: Not a directory; the text is printed above" in shown.replace(
        "\r\n", ""
    )


@pytest.mark.parametrize("words", [["logout"], ["account", "delete", "--yes"]])
def test_a_login_that_could_not_be_removed_is_not_ended(
    logged_in: Loopback, environment: dict[str, str], words: list[str]
) -> None:
    """Nobody is asked for the half that cannot be taken back."""
    done = penniless(*words, environment=environment)
    assert done.returncode == 1
    assert "cannot be written" in done.stderr
    assert "nothing was sent" in done.stderr
    assert not logged_in.fake.requests
