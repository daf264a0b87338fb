"""The operator manages people, logins and keys of a running server, and of one that is stopped."""

import json
import os
import re
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import pexpect
import pytest

from diaryserver.cli import main
from diaryserver.datalock import own_data
from diaryserver.engine import open_data
from protocol.identifiers import Username
from protocol.invite import parse_invite
from protocol.messages.account import Identity, Ping
from protocol.messages.base import Refusal
from protocol.messages.writing import Stored
from tests.in_process import Finished, run_in_process
from tests.integration.wire import QUIET, Token, Wire, now, wire_to
from tests.programs import (
    PASSWORD,
    PATIENCE_SECONDS,
    Server,
    launch,
    run_program,
    start_server,
    write_config,
)

ANOTHER: Final = "another password"
LEGACY: Final = """
[legacy]
enabled = true
tcp = true
user = "plain"
allow = ["127.0.0.0/8"]
"""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that also takes plain text; each test adds the users it needs."""
    running = start_server(tmp_path_factory.mktemp("server"), extra=LEGACY)
    yield running
    assert running.stop() == 0
    assert "Traceback" not in running.log


def done(server: Server, *words: str, stdin: str = "") -> Finished:
    """Run a command that must succeed."""
    finished = server.operate(*words, stdin=stdin)
    assert finished.status == 0, finished.err
    return finished


def add(server: Server, *names: str) -> None:
    """Add users."""
    for name in names:
        server.add_user(name)


def listed(server: Server, *words: str) -> Any:  # noqa: ANN401 - JSON
    """Give what a command prints as JSON."""
    return json.loads(done(server, *words, "--json").out)


def code_of(answer: object) -> str:
    """Give a refusal's code."""
    return str(answer.code) if isinstance(answer, Refusal) else "OK"


# Users


def test_another_password_ends_every_login(shared: Server, wire: Wire) -> None:
    """At once, with a signed REVOKED; unless the operator keeps them."""
    add(shared, "anna")
    first, second = (wire.token("anna", PASSWORD) for _ in range(2))
    kept = done(
        shared, "user", "passwd", "anna", "--password-stdin", "--keep-tokens", stdin="a new one\n"
    )
    assert kept == Finished(0, "", "password of anna changed; no login ended\n")
    assert isinstance(first.ask(Ping()), Identity)
    assert code_of(wire.login("anna", PASSWORD)) == "DENIED"
    assert isinstance(second.ask(Ping()), Identity)
    changed = done(shared, "user", "passwd", "anna", "--password-stdin", stdin=ANOTHER + "\n")
    assert changed == Finished(0, "", "password of anna changed; 2 logins ended\n")
    assert [code_of(token.ask(Ping())) for token in (first, second)] == ["REVOKED"] * 2
    assert code_of(wire.login("anna", "a new one")) == "DENIED"
    assert isinstance(wire.login("anna", ANOTHER), Token)


def test_a_password_is_asked_for_twice_and_never_shown(shared: Server, wire: Wire) -> None:
    """After a mistake again, three times at most; without a terminal it says what to type."""
    add(shared, "bert")
    chosen = [ANOTHER, PASSWORD, "short", ANOTHER, ANOTHER]
    for answers, status in ((["short"] * 3, 2), (chosen, 0)):
        child = pexpect.spawn(
            str(Path(sys.executable).parent / "diaryserver"),
            ["--config", str(shared.config), "user", "passwd", "bert"],
            encoding="utf-8",
            timeout=PATIENCE_SECONDS,
        )
        shown = ""
        for answer in answers:
            child.expect("New password of bert: |Once more: ")
            shown += child.before
            child.sendline(answer)
        child.expect(pexpect.EOF)
        shown += child.before
        child.close()
        assert child.exitstatus == status, shown
        assert not any(answer in shown for answer in answers)
        assert "at least 8 characters" in shown
        assert ("nothing was changed" in shown) == (status == 2)
        assert ("the two passwords differ" in shown) == (status == 0)
    assert isinstance(wire.login("bert", ANOTHER), Token)
    refused = shared.operate("user", "passwd", "bert")
    assert (refused.status, refused.out) == (2, "")
    assert "--password-stdin" in refused.err


def test_a_disabled_user_is_locked_out_until_enabled(shared: Server, wire: Wire) -> None:
    """Logins end for good, the right password is a wrong one; then it is right again."""
    add(shared, "carl")
    token = wire.token("carl", PASSWORD)
    assert isinstance(token.put("before"), Stored)
    asked = shared.operate("user", "disable", "carl")
    assert (asked.status, asked.out) == (2, "")
    assert "--yes" in asked.err
    assert isinstance(token.ask(Ping()), Identity)
    assert done(shared, "user", "disable", "carl", "--yes").err == (
        "user carl disabled; 1 login ended\n"
    )
    assert code_of(token.put("during")) == "REVOKED"
    assert code_of(wire.login("carl", PASSWORD)) == "DENIED"
    assert done(shared, "user", "enable", "carl").err == "user carl enabled\n"
    assert code_of(token.put("after")) == "REVOKED"
    again = wire.token("carl", PASSWORD)
    assert isinstance(again.put("after"), Stored)


def test_plain_text_for_a_disabled_user_gets_no_answer(shared: Server) -> None:
    """Neither a datagram, nor a line of a conversation that began before."""
    host, port = shared.address.split(":")
    with (
        socket.create_connection((host, int(port)), PATIENCE_SECONDS) as lines,
        lines.makefile("rb") as answers,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
    ):
        datagrams.settimeout(PATIENCE_SECONDS)
        datagrams.connect((host, int(port)))
        datagrams.send(b"a datagram")
        assert b"a datagram" in datagrams.recv(1024)
        lines.sendall(b"a line\r\n")
        assert b"Welcome" in answers.readline()
        assert b"a line" in answers.readline()
        done(shared, "user", "disable", "plain", "--yes")
        lines.sendall(b"-r\r\n")
        assert answers.read() == b""
        datagrams.send(b"-r")
        done(shared, "user", "enable", "plain")
        datagrams.send(b"another")
        assert b"another" in datagrams.recv(1024)
    [path] = shared.day_files("plain")
    assert b"a datagram" in path.read_bytes()


def test_an_invite_is_for_who_forgot_the_password_too(shared: Server, wire: Wire) -> None:
    """Until it is used all goes on; then the new password is the only one, and old logins end."""
    add(shared, "dora")
    old = wire.token("dora", PASSWORD)
    invite = parse_invite(done(shared, "user", "invite", "dora").out.strip())
    assert (invite.user, str(invite.address)) == ("dora", shared.address)
    assert isinstance(old.ask(Ping()), Identity)
    assert isinstance(wire.login("dora", PASSWORD), Token)
    new = wire.login("dora", ANOTHER, invite.code)
    assert isinstance(new, Token)
    assert isinstance(new.ask(Ping()), Identity)
    assert code_of(old.ask(Ping())) == "REVOKED"
    assert code_of(wire.login("dora", PASSWORD)) == "DENIED"


def test_a_purged_diary_is_nowhere(shared: Server, wire: Wire) -> None:
    """It asks by itself; then neither the diary, nor what was cleared, nor the journal has it."""
    add(shared, "emil")
    wire.token("emil", PASSWORD).put("a text to be gone for good")
    asked = shared.operate("user", "remove", "emil", "--purge")
    assert (asked.status, asked.out) == (2, "")
    assert "--yes" in asked.err
    assert shared.day_files("emil")
    assert done(shared, "user", "remove", "emil", "--purge", "--yes").err == (
        "user emil removed; the diary is deleted\n"
    )
    for path in shared.data.rglob("*"):
        assert not path.is_file() or b"to be gone" not in path.read_bytes()
    assert not list((shared.data / "removed").glob("emil*"))


# Logins


def test_logins_are_listed_and_ended(shared: Server, wire: Wire) -> None:
    """One row each, of all or of one user; a part of the id that is clear names it."""
    add(shared, "fred", "gina")
    tokens = [wire.token(name, PASSWORD) for name in ("fred", "fred", "gina")]
    assert isinstance(tokens[0].ask(Ping()), Identity)
    rows = listed(shared, "token", "list", "--user", "fred")
    assert sorted(row["id"] for row in rows) == sorted(t.keys.kid.hex() for t in tokens[:2])
    first = next(row for row in rows if row["id"] == tokens[0].keys.kid.hex())
    assert (first["user"], first["name"], first["scope"]) == ("fred", "test", "full")
    assert first["address"] == "127.0.0.1"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", first["used"])
    assert first["expires"] is None
    shown = done(shared, "token", "list").out.splitlines()
    assert {line.split()[1] for line in shown} >= {"fred", "gina"}
    ended = done(shared, "token", "revoke", first["id"][-12:])
    assert ended.err == f"login {first['id']} of fred revoked\n"
    assert code_of(tokens[0].ask(Ping())) == "REVOKED"
    assert isinstance(tokens[1].ask(Ping()), Identity)


# Keys


def test_a_rotated_key_serves_new_logins_and_ends_old_ones(shared: Server, wire: Wire) -> None:
    """Old logins live on until the deadline; with none, they end at once."""
    add(shared, "hans")
    old = wire.token("hans", PASSWORD)
    assert isinstance(old.ask(Ping()), Identity)
    assert shared.operate("key", "rotate").status == 2
    assert shared.operate("key", "rotate", "--deadline", "soon", "--yes").status == 2
    assert re.fullmatch(
        r"master\.2 made; older keys are destroyed \S+\+00:00\n",
        done(shared, "key", "rotate", "--yes").err,
    )
    assert isinstance(old.ask(Ping()), Identity)
    new = wire.token("hans", PASSWORD)
    assert isinstance(new.ask(Ping()), Identity)
    shown = listed(shared, "key", "show")
    generations = shown["generations"]
    assert [(row["generation"], row["current"]) for row in generations] == [(1, False), (2, True)]
    assert generations[0]["logins"] >= 1
    assert (generations[1]["logins"], generations[1]["retires"]) == (1, None)
    lines = done(shared, "key", "show").out.splitlines()
    assert [line.split()[0] for line in lines] == [shown["fingerprint"], "master.1", "master.2"]
    done(shared, "key", "rotate", "--deadline", "0d", "--yes")
    for token in (old, new):
        # EXPIRED until the housekeeping destroys the key; from then on nobody can sign for it.
        datagram = token.request(Ping())
        wire.send(datagram)
        reply = wire.receive(QUIET)
        assert reply is None or code_of(token.opened(reply, datagram, Ping())) == "EXPIRED"
    assert isinstance(wire.login("hans", PASSWORD), Token)


def test_all_of_it_works_while_the_server_does_not_run(tmp_path: Path) -> None:
    """And what was done then holds when it is back: the old keys are gone with the start."""
    write_config(tmp_path, 0)
    with own_data(tmp_path / "data"), open_data(tmp_path / "data") as data:
        for name in ("anna", "bert"):
            user = data.accounts.add_user(Username(name), now())
            data.accounts.set_password_hash(user, data.hasher.hash(PASSWORD))
    for words in (
        ("user", "passwd", "anna", "--password-stdin"),
        ("user", "disable", "bert", "--yes"),
        ("key", "rotate", "--deadline", "0d", "--yes"),
    ):
        command = partial(main, ["--config", str(tmp_path / "server.toml"), *words])
        finished = run_in_process(command, stdin=ANOTHER + "\n")
        assert finished.status == 0, finished.err
    server = launch(tmp_path, 0)
    with wire_to(server.address) as wire:
        assert isinstance(wire.login("anna", ANOTHER), Token)
        assert code_of(wire.login("bert", PASSWORD)) == "DENIED"
    assert server.stop() == 0
    keys = sorted(path.name for path in (server.data / "keys").iterdir())
    assert keys == ["identity", "master.2", "pepper"]


# Whose files they are


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may act as somebody else")
def test_what_root_makes_belongs_to_whom_the_data_belong(tmp_path: Path) -> None:
    """So that the server, which is not root, can use it; running or not."""
    somebody = 12_345
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    try:
        folder.chmod(0o755)
        (folder / "data").mkdir(mode=0o700)
        os.chown(folder / "data", somebody, somebody)
        (folder / "server.toml").write_text(
            '[server]\nlisten = ["127.0.0.1:8888"]\ndata_dir = "data"\n'
        )
        for words in (("user", "add", "anna"), ("key", "rotate", "--deadline", "0d", "--yes")):
            finished = run_program("diaryserver", "--config", folder / "server.toml", *words)
            assert finished.status == 0, finished.err
        paths = [folder / "data", *(folder / "data").rglob("*")]
        assert len(paths) > 5
        assert {(path.stat().st_uid, path.stat().st_gid) for path in paths} == {(somebody,) * 2}
    finally:
        shutil.rmtree(folder)
