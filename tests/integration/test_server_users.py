"""The operator's commands, with a running server and without: who exists, who may, what is said."""

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from diaryserver.cli import main
from protocol.identity import parse_fingerprint
from protocol.invite import parse_invite
from protocol.messages.account import Identity, Ping
from protocol.messages.base import Refusal
from protocol.messages.writing import Put, Stored
from tests.in_process import Finished, run_in_process
from tests.integration.wire import Token, Wire, now, wire_to
from tests.programs import PASSWORD, Server, run_program, write_config

STRANGE: Final = " $HOME `id` \"quoted\" 'single' \\ * % # ! 电池 "


@pytest.fixture
def server(reused: Server) -> Server:
    """A server without users."""
    return reused


@pytest.fixture
def wire(server: Server) -> Iterator[Wire]:
    """A connected socket to the test's own server."""
    with wire_to(server.address) as connected:
        yield connected


def code_of(answer: object) -> str:
    """Give a refusal's code."""
    return str(answer.code) if isinstance(answer, Refusal) else "OK"


def test_users_come_and_go_while_the_server_runs(server: Server, wire: Wire) -> None:
    """Added, listed, logged in; removed, the token hears a signed REVOKED at once."""
    assert server.users() == []
    server.add_user("alice")
    server.invite("bob")
    alice = wire.token("alice", PASSWORD)
    assert isinstance(alice.put("x"), Stored)
    assert [(row["name"], row["state"], row["logins"]) for row in server.users()] == [
        ("alice", "active", 1),
        ("bob", "new", 0),
    ]
    done = server.operate("user", "remove", "alice", "--yes")
    assert (done.status, done.out) == (0, "")
    assert code_of(alice.ask(Ping())) == "REVOKED"
    assert code_of(alice.put("y")) == "REVOKED"
    assert code_of(wire.login("alice", PASSWORD)) == "DENIED"
    assert [row["name"] for row in server.users()] == ["bob"]
    kept = Path(done.err.rpartition("the diary: ")[2].strip())
    assert [path.suffix for path in kept.iterdir()] == [".log"]
    assert server.day_files("alice") == []


def test_users_come_and_go_while_it_does_not_run(server: Server) -> None:
    """The same commands, the same answers; the server knows when it is back."""
    server.add_user("alice")
    with wire_to(server.address) as wire:
        alice = wire.token("alice", PASSWORD)
        assert isinstance(alice.put("x"), Stored)
        server.stop()
        server.add_user("carol")
        assert [row["name"] for row in server.users()] == ["alice", "carol"]
        assert server.operate("user", "remove", "alice", "--yes").status == 0
        server.restart()
        assert code_of(alice.ask(Ping())) == "REVOKED"
        assert isinstance(wire.login("carol", PASSWORD), Token)


def test_a_name_used_again_finds_an_empty_diary(server: Server, wire: Wire) -> None:
    """The old entries are the old user's."""
    server.add_user("alice")
    wire.token("alice", PASSWORD).put("hers")
    server.remove_user("alice")
    server.add_user("alice", "another password")
    new = wire.token("alice", "another password")
    assert isinstance(new.put("mine"), Stored)
    [path] = server.day_files("alice")
    assert b"mine" in path.read_bytes()
    assert b"hers" not in path.read_bytes()


def test_a_stray_diary_is_not_inherited(server: Server, wire: Wire) -> None:
    """Left by whatever fault, it is moved aside; and so is the user's own diary later."""
    before = set((server.data / "removed").iterdir())
    stray = server.data / "diaries" / "alice"
    stray.mkdir(mode=0o700)
    (stray / "2020-01-01.log").write_text("somebody's\n")
    server.add_user("alice")
    assert not stray.exists()
    wire.token("alice", PASSWORD).put("mine")
    done = server.operate("user", "remove", "alice", "--yes")
    assert done.status == 0
    assert len(set((server.data / "removed").iterdir()) - before) == 2


def test_a_user_is_added_once(server: Server) -> None:
    """The second time is a mistake that changes nothing, running or not."""
    server.add_user("alice")
    for _ in range(2):
        for words in (("user", "add", "alice"), ("user", "add", "alice", "--password-stdin")):
            done = server.operate(*words, stdin="another password\n")
            assert done == Finished(2, "", "diaryserver: there is a user alice already\n")
        server.stop()
        write_config(server.folder, server.port)


@pytest.mark.parametrize("name", ["Alice", "../x", "a" * 33, ""])
def test_a_bad_name_is_refused(shared: Server, name: str) -> None:
    """One line; nothing is created."""
    done = shared.operate("user", "add", "--", name)
    assert done.status in {1, 2}
    assert done.err == (
        "diaryserver: a user name is 1 to 32 of a-z 0-9 . _ -, the first a letter or digit\n"
    )
    assert [row["name"] for row in shared.users()] == ["alice"]


def test_an_unknown_user_is_not_removed(server: Server) -> None:
    """Exit 7; and without a terminal a removal needs --yes."""
    done = server.operate("user", "remove", "nobody", "--yes")
    assert done == Finished(7, "", "diaryserver: there is no user nobody\n")
    server.add_user("alice")
    done = server.operate("user", "remove", "alice")
    assert (done.status, done.out) == (2, "")
    assert "--yes" in done.err
    assert [row["name"] for row in server.users()] == ["alice"]


@pytest.mark.parametrize("command", ["remove", "disable", "passwd"])
def test_nobody_is_asked_about_a_user_that_there_is_not(shared: Server, command: str) -> None:
    """Before a question, which has no terminal here and would be another error."""
    done = shared.operate("user", command, "nobody")
    assert done == Finished(7, "", "diaryserver: there is no user nobody\n")


# Passwords and invites


def test_a_password_may_hold_anything(server: Server, wire: Wire) -> None:
    """Signs that a shell minds, spaces at its ends, other scripts; no line end, LF or CR LF."""
    done = server.operate("user", "add", "alice", "--password-stdin", stdin=STRANGE + "\n")
    assert done == Finished(0, "", "user alice added\n")
    server.operate("user", "add", "bob", "--password-stdin", stdin="no newline here")
    server.operate("user", "add", "carol", "--password-stdin", stdin="from Windows\r\n")
    assert isinstance(wire.login("carol", "from Windows"), Token)
    assert isinstance(wire.login("alice", STRANGE), Token)
    assert code_of(wire.login("alice", STRANGE.strip())) == "DENIED"
    assert isinstance(wire.login("bob", "no newline here"), Token)


@pytest.mark.parametrize(
    "password",
    [
        *(b"", b"seven77\n", b"x" * 257, b"\xff" * 9, b"seven77 seven77\r", b"seven77\tseven77\n"),
        *(b"seven77 seven77\r\r\n", b"\xef\xbb\xbfseven77 seven77\n", b"seven77\0seven77\n"),
    ],
)
def test_an_unusable_password_is_refused(shared: Server, password: bytes) -> None:
    """One line that does not repeat it; no user without a password is left."""
    done = shared.operate("user", "add", "bob", "--password-stdin", stdin=password)
    assert (done.status, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert "seven77" not in done.err
    assert [row["name"] for row in shared.users()] == ["alice"]


@pytest.mark.parametrize("running", [True, False])
def test_an_invite_carries_all_that_a_first_login_needs(server: Server, running: bool) -> None:
    """One shell-safe word: address, user, fingerprint, and a code that works once."""
    if not running:
        server.stop()
        write_config(server.folder, server.port)
    word = server.invite("alice")
    assert re.fullmatch("[a-z0-9]+", word)
    invite = parse_invite(word)
    assert (str(invite.address), invite.user) == (server.address, "alice")
    shown = server.operate("fingerprint")
    assert invite.fingerprint == parse_fingerprint(shown.out.strip())
    if not running:
        server.restart()
    with wire_to(server.address) as wire:
        token = wire.login("alice", "chosen by alice", invite.code)
        assert isinstance(token, Token)
        assert isinstance(token.ask(Ping()), Identity)
        assert code_of(wire.login("alice", "chosen by eve", invite.code)) == "DENIED"
        assert isinstance(wire.login("alice", "chosen by alice"), Token)


def test_an_invite_needs_a_port_to_tell(tmp_path: Path) -> None:
    """With port 0 nobody knows it before the server runs: a mistake, and no user is made."""
    write_config(tmp_path, 0)
    config = str(tmp_path / "server.toml")
    done = run_in_process(partial(main, ["--config", config, "user", "add", "alice"]))
    assert (done.status, done.out) == (2, "")
    assert "public_address" in done.err
    assert run_in_process(partial(main, ["--config", config, "user", "list"])).out == ""


def test_an_invite_tells_the_public_address(tmp_path: Path) -> None:
    """What the configuration says, not where the server happens to listen."""
    write_config(tmp_path, 0, 'public_address = "diary.example.org:9999"\n')
    done = run_program("diaryserver", "--config", tmp_path / "server.toml", "user", "add", "alice")
    assert str(parse_invite(done.out.strip()).address) == "diary.example.org:9999"


def test_the_list_is_for_people_too(server: Server) -> None:
    """One line each."""
    server.add_user("alice")
    server.invite("bob")
    done = server.operate("user", "list")
    lines = done.out.splitlines()
    assert [line.split()[0] for line in lines] == ["alice", "bob"]
    assert lines[0].endswith("active   0 logins")
    assert lines[1].endswith("new      0 logins")


# The admin socket


def test_the_admin_socket_survives_nonsense(server: Server, wire: Wire) -> None:
    """Whoever may open it is the operator; a slip harms nobody."""
    questions = [
        b"\n",
        b"{}\n",
        b"[]\n",
        b"nonsense\n",
        b"\xff\xfe\n",
        b'{"command": "user add", "arguments": {}}\n',
        b'{"command": "user add", "arguments": {"name": 5}}\n',
        b'{"command": "user add", "arguments": {"name": "x", "password": "\\ud800aaaaaaa"}}\n',
        b'{"command": "user list", "arguments": {"extra": 1}}\n',
        b'{"command": "no such command", "arguments": {}}\n',
        b'{"command": ["user list"], "arguments": []}\n',
        b"x" * 100_000 + b"\n",
        b"",
    ]
    folder = os.open(server.data, os.O_RDONLY)
    for question in questions:
        with socket.socket(socket.AF_UNIX) as asking:
            asking.connect(f"/proc/self/fd/{folder}/admin.sock")
            asking.sendall(question)
            asking.shutdown(socket.SHUT_WR)
            with asking.makefile("rb") as file:
                answer = file.read()
        assert answer == b"" or "error" in json.loads(answer)
    os.close(folder)
    assert server.users() == []
    assert "Traceback" not in server.log
    server.add_user("alice")
    alice = wire.token("alice", PASSWORD)
    assert isinstance(alice.ask(Put(now(), 0, "still there")), Stored)


# What a command takes

_LIST_AND_TELL: Final = """
import sys
from diaryserver.cli import main
assert main(["--config", sys.argv[1], "user", "list"]) == 0
print(*sys.modules)
"""
_UNWANTED: Final = {
    *("asyncio", "cryptography", "sqlite3", "diaryserver.composition", "diaryserver.serving"),
    *("diaryserver.commands.copies", "diaryserver.commands.verify", "diaryserver.service.ports"),
}


def test_who_asks_a_running_server_imports_none(server: Server) -> None:
    """Nor other commands."""
    done = subprocess.run(
        [sys.executable, "-c", _LIST_AND_TELL, str(server.config)],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    modules = done.stdout.split()
    assert "diaryserver.commands.users" in modules
    assert _UNWANTED.isdisjoint(modules)
