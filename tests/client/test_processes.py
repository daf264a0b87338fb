"""The client as a process: terminals, encodings, pipes, signals."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from diaryclient.home.logins import Logins
from diaryclient.home.outbox import Outbox
from protocol.address import Address
from protocol.invite import Invite
from tests.client.fakes import ALICE, FakeClock, FakeServer, login_to
from tests.client.loopback import PASSWORD, Loopback
from tests.client.terminal import finish, terminal
from tests.terminals import interrupt


def process(*words: str, environment: dict[str, str]) -> "subprocess.CompletedProcess[bytes]":
    """Run the client as a process."""
    return subprocess.run(
        [sys.executable, "-m", "diaryclient", *words],
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_no_terminal_encoding_crashes(
    logged_in: Loopback, environment: dict[str, str], encoding: str
) -> None:
    """What a terminal cannot show is escaped."""
    given = environment | {"PYTHONIOENCODING": encoding, "LC_ALL": "C"}
    assert process("write", "今天 é", environment=given).returncode == 0
    done = process("read", environment=given)
    assert (done.returncode, done.stderr) == (0, b"")
    assert len(logged_in.fake.contents) == 1


def test_a_reader_that_leaves_gets_no_traceback(
    logged_in: Loopback, environment: dict[str, str]
) -> None:
    """`diaryclient read | head -1` is quiet."""
    assert process("write", "text", environment=environment).returncode == 0
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as gone:
        done = subprocess.run(
            [sys.executable, "-m", "diaryclient", "read"],
            env=os.environ | environment,
            stdout=gone,
            stderr=subprocess.PIPE,
            timeout=30,
            check=False,
        )
    assert done.stderr == b""


@pytest.mark.parametrize(("answer", "status"), [("y", 0), ("", 3), ("n", 3)])
def test_a_terminal_asks_without_echo_and_about_trust(
    loopback: Loopback, environment: dict[str, str], answer: str, status: int
) -> None:
    """The password is not shown; trust is not the default."""
    child = terminal("login", str(loopback.address), "alice", environment=environment)
    child.expect("Password of alice@")
    child.sendline(PASSWORD)
    child.expect_exact(loopback.fake.fingerprint)
    assert PASSWORD not in child.before
    child.expect("operator told you")
    child.sendline(answer)
    assert finish(child)[0] == status
    assert len(loopback.fake.forms) == (status == 0)


def test_an_invite_at_a_terminal_asks_twice(
    loopback: Loopback, environment: dict[str, str]
) -> None:
    """And again after a mistake: whoever types ahead must not type a password into the shell."""
    word = Invite(loopback.address, ALICE, loopback.fake.fingerprint, b"c" * 16).encode()
    child = terminal("login", word, environment=environment)
    for question, answer in (
        ("Choose a password of 8 characters or more", ""),
        *(("New password of alice@", "short"), ("8 characters at least", "")) * 5,
        ("New password of alice@", "brand new one"),
        ("Once more", "another one"),
        ("the two passwords differ", ""),
        ("New password of alice@", "brand new one"),
        ("Once more", "brand new one"),
    ):
        child.expect(question)
        if answer:
            child.sendline(answer)
    assert finish(child)[0] == 0
    assert [form.password for form in loopback.fake.forms] == ["brand new one"]


@pytest.mark.parametrize("words", [["login"], ["login", "--invite-stdin"]])
def test_a_login_without_words_asks_for_an_invite(
    loopback: Loopback, environment: dict[str, str], words: list[str]
) -> None:
    """Pasted with blanks around it; no process list shows it."""
    word = Invite(loopback.address, ALICE, loopback.fake.fingerprint, b"c" * 16).encode()
    child = terminal(*words, environment=environment)
    for question, answer in (
        ("Invite", f" {word} "),
        ("New password of alice@", "brand new one"),
        ("Once more", "brand new one"),
    ):
        child.expect(question)
        child.sendline(answer)
    assert finish(child)[0] == 0
    assert loopback.fake.forms[0].invite == b"c" * 16


def test_a_login_asks_until_ctrl_c(loopback: Loopback, environment: dict[str, str]) -> None:
    """Whatever is mistyped: the address, the user, the password; the server is trusted once."""
    link, address = f"http://{loopback.address}/", str(loopback.address)
    child = terminal("login", environment=environment)
    for question, answer in (
        ("Invite, or server address: ", link),
        (f"only host, host:port or .*; type {address}; Ctrl-C leaves", ""),
        ("Invite, or server address: ", address),
        ("User: ", "Al Ice"),
        ("USER: .*Ctrl-C leaves", ""),
        ("User: ", "alice"),
        ("Password of alice@", ""),
        ("the password is empty.*Password", "wrong"),
        ("operator told you", "y"),
        *(("password or invite is not right; again, or Ctrl-C.*Password", "wrong"),) * 3,
        ("not right; again, or Ctrl-C.*Password", PASSWORD),
    ):
        child.expect(question)
        if answer or question == "Password of alice@":
            child.sendline(answer)
    status, rest = finish(child)
    assert (status, "logged in to" in rest) == (0, True)
    child = terminal("login", str(loopback.address), "alice", environment=environment)
    child.expect("Password of alice@")
    child.sendline("wrong")
    child.expect("not right; again, or Ctrl-C.*Password of alice@")
    interrupt(child)
    assert finish(child)[0] == 130


@pytest.mark.parametrize("is_named", [True, False])
def test_a_login_asks_for_what_is_missing(
    loopback: Loopback, environment: dict[str, str], *, is_named: bool
) -> None:
    """Server and user, or the user alone."""
    words = [str(loopback.address)] if is_named else []
    child = terminal("login", "--accept-new", *words, environment=environment)
    if not is_named:
        child.expect("server address: ")
        child.sendline(str(loopback.address))
    child.expect("User: ")
    child.sendline("alice")
    child.expect("Password of alice@")
    child.sendline(PASSWORD)
    assert finish(child)[0] == 0
    assert [form.user for form in loopback.fake.forms] == ["alice"]


def test_ctrl_c_at_a_question_begins_a_line(environment: dict[str, str]) -> None:
    """What is told does not hang behind the question; nothing was asked of anybody."""
    child = terminal("login", environment=environment)
    child.expect("server address: ")
    interrupt(child)
    status, rest = finish(child)
    assert status == 130
    assert rest.endswith("\r\ndiaryclient: interrupted\r\n")


@pytest.mark.parametrize(("keys", "status"), [("\x03", 130), ("\x04", 2)])
def test_who_gives_up_choosing_a_password_sends_nothing(
    loopback: Loopback, environment: dict[str, str], keys: str, status: int
) -> None:
    """Ctrl-C, or the end of the input: so a prompt that is fed by a program comes to an end too."""
    word = Invite(loopback.address, ALICE, loopback.fake.fingerprint, b"c" * 16).encode()
    child = terminal("login", word, environment=environment)
    for _ in range(5):
        child.expect("New password of alice@")
        child.sendline("short")
    child.expect("New password of alice@")
    if keys == "\x03":
        interrupt(child)
    else:
        child.send(keys)
    assert finish(child)[0] == status
    assert loopback.fake.forms == []


def test_an_interrupted_write_says_that_the_text_is_kept(
    environment: dict[str, str], state: Path
) -> None:
    """Ctrl-C while the server is silent: 130, and the entry waits."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        address = Address("127.0.0.1", silent.getsockname()[1])
        login = login_to(FakeServer(FakeClock()))._replace(address=address)
        Logins(state / "logins").save(login)
        child = terminal("write", environment=environment)
        child.expect("Type the entry, then Ctrl-D")
        child.sendline("my text")
        child.sendeof()
        silent.settimeout(20)
        silent.recv(2000)
        interrupt(child)
        status, rest = finish(child)
    assert status == 130
    assert re.search(r"queued [0-9a-f]{5}: interrupted; kept in the outbox", rest)
    assert [entry.text for entry in Outbox(state / "outbox" / login.name).waiting()] == ["my text"]


def drafts(state: Path) -> list[str]:
    """Give the texts that were typed and not written."""
    return [path.read_text() for path in sorted((state / "drafts").glob("*"))]


@pytest.mark.parametrize(
    ("keys", "kept"),
    [("", []), (" \r", []), ("one\r二", ["one\n二"]), ("unfinished", ["unfinished"])],
)
def test_ctrl_c_while_a_text_is_typed_keeps_it(
    environment: dict[str, str], state: Path, keys: str, kept: list[str]
) -> None:
    """Exit 130; nothing was sent, and it is said where the text is, or that there was none."""
    child = terminal("write", environment=environment)
    child.expect("Type the entry, then Ctrl-D")
    if keys:
        child.send(keys)
        child.expect_exact(keys.rsplit("\r", 1)[-1] or "\n")  # the terminal has it
    interrupt(child)
    status, rest = finish(child)
    assert status == 130
    assert drafts(state) == kept
    if kept:
        [path] = (state / "drafts").glob("*")
        assert f"interrupted; nothing was written; the text stays in {path}" in rest
    else:
        assert "interrupted; there was no text yet; nothing was written" in rest
    assert not (state / "outbox").exists()
