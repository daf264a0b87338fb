"""The server as a process: starting, stopping, dying, and starting again."""

import re
import resource
import shutil
import signal
import socket
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from diaryserver.cli import main
from protocol.envelope import parse_envelope
from protocol.messages.account import Identity, Ping
from protocol.messages.base import Refusal
from protocol.messages.writing import Put, Stored
from tests.diaries import texts_in
from tests.in_process import Finished, run_in_process
from tests.integration.wire import QUIET, Wire, new_id, now, snapshot, wire_to
from tests.programs import PASSWORD, Server, launch, run_program, start_server

STARTED: Final = re.compile(r"(udp|tcp) (\[[^\]]+\]:\d+|[\d.]+:\d+)")


def serve(folder: Path, text: str) -> Finished:
    """Run a server that cannot start, with this configuration, in this process."""
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "server.toml"
    config.write_text(text)
    return run_in_process(partial(main, ["--config", str(config)]))


@contextmanager
def listening(folder: Path, text: str) -> Iterator[dict[str, str]]:
    """Run a server with this configuration; give `udp HOST` to the address it is ready at."""
    folder.mkdir(parents=True)
    (folder / "server.toml").write_text(text)
    server = launch(folder, 0)
    found = STARTED.findall(server.log)
    try:
        server.add_user("alice")
        yield {f"{kind} {address.rpartition(':')[0]}": address for kind, address in found}
    finally:
        assert server.stop() == 0


@pytest.fixture(scope="module")
def _stopped_server(tmp_path_factory: pytest.TempPathFactory) -> Server:
    server = start_server(tmp_path_factory.mktemp("server"))
    server.stop()
    return server


@pytest.fixture
def stopped(_stopped_server: Server, tmp_path: Path) -> Server:
    """A server that has stopped, for a test to break."""
    copied = tmp_path / "server"
    shutil.copytree(_stopped_server.folder, copied)
    return replace(_stopped_server, folder=copied)


# Starting


def test_the_first_start_makes_what_it_needs(server: Server) -> None:
    """A folder for its owner alone, keys, a database; and says where it listens."""
    assert server.log == f"diaryserver: ready udp 127.0.0.1:{server.port}\n"
    assert server.data.stat().st_mode & 0o777 == 0o700
    for path in server.data.rglob("*"):
        wanted = 0o700 if path.is_dir() else 0o600
        assert path.stat().st_mode & 0o777 == wanted, path
    assert {"accounts.sqlite3", "admin.sock", "keys", "lock"} <= {
        path.name for path in server.data.iterdir()
    }


def test_several_addresses_are_all_ready(tmp_path: Path) -> None:
    """Each is named with its real port, and each answers."""
    text = '[server]\nlisten = ["127.0.0.1:0", "[::1]:0", "127.0.0.3:0"]\ndata_dir = "data"\n'
    with listening(tmp_path / "server", text) as ready:
        assert ready.keys() == {"udp 127.0.0.1", "udp [::1]", "udp 127.0.0.3"}
        for address in ready.values():
            assert not address.endswith(":0")
            with wire_to(address) as wire:
                assert isinstance(wire.token("alice", PASSWORD).ask(Ping()), Identity)


@pytest.mark.parametrize(
    ("listen", "asked"),
    [
        ("0.0.0.0:0", ["127.0.0.1", "127.0.0.2", "127.9.8.7"]),
        ("[::]:0", ["[::1]"]),
    ],
)
def test_a_wildcard_answers_from_the_address_that_was_asked(
    tmp_path: Path, listen: str, asked: list[str]
) -> None:
    """Else a client's connected socket would never see the answer."""
    text = f'[server]\nlisten = ["{listen}"]\ndata_dir = "data"\npublic_address = "x.test"\n'
    with listening(tmp_path / "server", text) as ready:
        [address] = ready.values()
        port = address.rpartition(":")[2]
        for host in asked:
            with wire_to(f"{host}:{port}") as wire:
                assert isinstance(wire.token("alice", PASSWORD).ask(Ping()), Identity)


def test_a_port_in_use_is_one_line(tmp_path: Path) -> None:
    """Exit 1, and nothing was created."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = serve(tmp_path, f'[server]\nlisten = ["{address}"]\ndata_dir = "data"\n')
    assert done == Finished(
        1, "", f"diaryserver: cannot listen on udp {address}: Address already in use\n"
    )
    assert not (tmp_path / "data").exists()


def test_an_address_of_another_machine_is_one_line(tmp_path: Path) -> None:
    """Exit 1, and nothing was created."""
    done = serve(tmp_path, '[server]\nlisten = ["192.0.2.1:0"]\ndata_dir = "data"\n')
    assert done.status == 1
    assert done.err == (
        "diaryserver: cannot listen on udp 192.0.2.1:0: Cannot assign requested address\n"
    )
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("fault", ["below a file", "a file", "open to others"])
def test_an_unusable_folder_is_one_line(tmp_path: Path, fault: str) -> None:
    """Exit 1, saying which and why."""
    data = tmp_path / "data"
    if fault == "open to others":
        data.mkdir()
        data.chmod(0o755)
    else:
        data.write_bytes(b"a file")
    name = "data/below" if fault == "below a file" else "data"
    done = serve(tmp_path, f'[server]\nlisten = ["127.0.0.1:0"]\ndata_dir = "{name}"\n')
    assert (done.status, done.out) == (1, "")
    [line] = done.err.splitlines()
    assert line.startswith(f"diaryserver: {tmp_path / name} ")
    assert snapshot(tmp_path).keys() == {"data", "server.toml"}


def test_a_second_server_on_the_same_data_is_one_line(server: Server, tmp_path: Path) -> None:
    """Exit 1; the first one does not notice."""
    text = f'[server]\nlisten = ["127.0.0.1:0"]\ndata_dir = "{server.data}"\n'
    done = serve(tmp_path / "second", text)
    message = f"diaryserver: {server.data} is in use by another diaryserver\n"
    assert done == Finished(1, "", message)
    server.add_user("alice")


@pytest.mark.parametrize("name", ["keys/master.1", "accounts.sqlite3"])
def test_a_lost_or_broken_part_is_one_line(stopped: Server, name: str) -> None:
    """Exit 1; nothing is made in its place, which would lock everybody out."""
    path = stopped.data / name
    path.write_bytes(b"broken" * 100)
    before = snapshot(stopped.data)
    done = stopped.operate()
    assert done.status == 1
    assert done.err.startswith(f"diaryserver: {path} ")
    assert len(done.err.splitlines()) == 1
    assert snapshot(stopped.data) == before


def test_a_database_without_its_tables_is_one_line(stopped: Server) -> None:
    """Exit 1, as for any other damage."""
    with closing(sqlite3.connect(stopped.data / "accounts.sqlite3")) as database:
        database.execute("PRAGMA foreign_keys = OFF")
        database.execute("DROP TABLE tokens")
    done = stopped.operate()
    message = f"{stopped.data}/accounts.sqlite3 cannot be used: accounts: no such table: tokens"
    assert done == Finished(1, "", f"diaryserver: {message}\n")


def test_what_nobody_foresaw_is_one_line(stopped: Server) -> None:
    """A folder where the admin socket should be, say: exit 1, which file and why."""
    (stopped.data / "admin.sock").mkdir()
    done = run_program("diaryserver", "--config", stopped.config)
    assert done == Finished(1, "", f"diaryserver: {stopped.data}/admin.sock: Is a directory\n")


def test_housekeeping_outlives_a_failure(stopped: Server) -> None:
    """Accounts that cannot be written for a minute are one line, and the server goes on."""
    with closing(sqlite3.connect(stopped.data / "accounts.sqlite3")) as database:
        database.execute("DROP TABLE invites")
    stopped.restart()
    with wire_to(stopped.address) as wire:
        wire.hello(bytes(32))
    assert stopped.stop() == 0
    assert stopped.log.splitlines()[1:] == [
        "diaryserver: old tokens could not be erased: accounts: no such table: invites"
    ]


def test_mistakes_in_the_configuration_are_one_line_each(tmp_path: Path) -> None:
    """Exit 2, all of them in one run, and nothing was created."""
    done = serve(tmp_path, '[server]\nlisten = ["0.0.0.0:0"]\nextra = 1\n[legacy]\ntcp = 5\n')
    assert (done.status, done.out) == (2, "")
    config = tmp_path / "server.toml"
    assert done.err.splitlines() == [
        f"diaryserver: {config}: legacy.tcp: input should be a valid boolean",
        f"diaryserver: {config}: server.data_dir: missing",
        f"diaryserver: {config}: server.extra: there is no such key",
        f"diaryserver: {config}: server.public_address: needed when listen is a wildcard address",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["server.toml"]


def test_a_missing_configuration_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 2; help needs none."""
    monkeypatch.setenv("DIARY_CONFIG", str(tmp_path / "none.toml"))
    done = run_in_process(partial(main, []))
    assert done == Finished(
        2,
        "",
        f"diaryserver: {tmp_path / 'none.toml'}: No such file or directory; "
        "name one with --config FILE\n",
    )
    for words in (["--help"], ["user", "add", "--help"]):
        shown = run_in_process(partial(main, words))
        assert (shown.status, shown.err) == (0, "")
    assert list(tmp_path.iterdir()) == []


# Stopping


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_finishes_what_was_received(server: Server, number: int) -> None:
    """What the kernel had taken when the signal came is stored and answered; exit 0."""
    server.add_user("alice")
    with wire_to(server.address) as wire:
        alice = wire.token("alice", PASSWORD)
        assert isinstance(alice.ask(Ping()), Identity)
        sent = {}
        for index in range(100):
            request = Put(now(), 0, f"entry {index}")
            datagram = alice.request(request)
            sent[parse_envelope(datagram).rid] = (datagram, request)
            wire.send(datagram)
        assert server.stop(number) == 0
        while sent:
            reply = wire.receive(0)
            assert reply is not None, f"{len(sent)} were not answered"
            assert isinstance(alice.opened(reply, *sent.pop(parse_envelope(reply).rid)), Stored)
    data = b"".join(path.read_bytes() for path in server.day_files("alice"))
    assert texts_in(data) == [f"entry {index}" for index in range(100)]
    assert not (server.data / "admin.sock").exists()
    assert server.log.count("\n") <= 2


def test_a_hang_up_ends_nothing(server: Server) -> None:
    """It goes on serving, and says once each time that nothing was reloaded."""
    server.add_user("alice")
    with wire_to(server.address) as wire:
        alice = wire.token("alice", PASSWORD)
        for _ in range(2):
            server.process.send_signal(signal.SIGHUP)
            assert isinstance(alice.ask(Ping()), Identity)
    assert server.stop() == 0
    said = (
        "diaryserver: SIGHUP reloads nothing: restart the server to use a changed configuration\n"
    )
    assert server.log.count(said) == 2


def test_a_stop_does_not_wait_for_a_dead_disk(server: Server) -> None:
    """It is said, and the process ends: a thread that waits for the disk cannot hold it."""
    server.add_user("alice")
    with wire_to(server.address) as wire:
        alice = wire.token("alice", PASSWORD)
        assert isinstance(alice.put("before"), Stored)
        server.stop()
        dead = server.folder / "dead"
        dead.touch()
        server.restart(sys.executable, "-m", "tests.integration.hanging_disk", str(dead))
        assert isinstance(alice.ask(Ping()), Identity)
        wire.send(alice.request(Put(now(), 0, "nobody knows")))
        assert isinstance(alice.ask(Ping()), Identity)
        assert wire.receive(QUIET) is None
        assert server.stop() == -signal.SIGALRM
    assert "the disk did not finish in time" in server.log


# Dying


def test_what_was_acknowledged_outlives_a_kill(server: Server) -> None:
    """It is in the file after the restart, and a retry is told that it was."""
    server.add_user("alice")
    with wire_to(server.address) as wire:
        alice = wire.token("alice", PASSWORD)
        rid, at = new_id(), now()
        assert isinstance(alice.put("acknowledged", rid, at), Stored)
        server.stop(signal.SIGKILL)
        [path] = server.day_files("alice")
        assert b" + acknowledged\n" in path.read_bytes()
        server.restart()
        again = alice.put("acknowledged", rid, at)
        assert isinstance(again, Stored)
        assert again.dup
        assert path.read_bytes().count(b"acknowledged") == 1
        assert isinstance(alice.put("after", at=at), Stored)


def test_kills_under_load_lose_and_double_nothing(server: Server) -> None:
    """Whatever was acknowledged is there once, whatever was not is there once after its retry."""
    server.add_user("alice")
    at = now()
    entries = {new_id(): f"entry {index}\nof two lines" for index in range(150)}
    with wire_to(server.address) as wire:
        alice = wire.token("alice", PASSWORD)
        assert isinstance(alice.ask(Ping()), Identity)
        for _ in range(3):
            for rid, text in entries.items():
                wire.send(alice.request(Put(at, 0, text), rid))
            for _ in range(20):
                wire.receive()
            server.stop(signal.SIGKILL)
            server.restart()
            drain(wire)
        for rid, text in entries.items():
            assert isinstance(alice.put(text, rid, at), Stored)
    [path] = server.day_files("alice")
    data = path.read_text()
    # A slow machine stores some entries with the time at which they came in.
    stored = re.findall(r" ([0-9a-f]{32}) \+[ ,]", data)
    assert sorted(stored) == sorted(rid.hex() for rid in entries)
    assert data.count("of two lines") == len(entries)


def drain(wire: Wire) -> None:
    """Read answers of the server that was killed."""
    while wire.receive(0.05) is not None:
        pass


def test_a_full_disk_is_told_and_needs_no_restart(server: Server) -> None:
    """STORAGE while it lasts, in a few lines of log; reading works; then the same id is stored."""
    server.add_user("alice")
    with wire_to(server.address) as wire:
        alice = wire.token("alice", PASSWORD)
        at = now()
        assert isinstance(alice.put("before", at=at), Stored)
        pid = server.process.pid
        soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        [path] = server.day_files("alice")
        before = path.read_bytes()
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (len(before) + 10, hard))
        rids = [new_id() for _ in range(30)]
        for rid in rids:
            refusal = alice.put("during", rid, at)
            assert isinstance(refusal, Refusal)
            assert str(refusal.code) == "STORAGE"
        assert path.read_bytes() == before
        assert isinstance(alice.ask(Ping()), Identity)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))
        for rid in rids:
            assert isinstance(alice.put("during", rid, at), Stored)
    assert path.read_bytes().startswith(before)
    assert path.read_bytes().count(b"during") == len(rids)
    assert server.log.count("\n") <= 4
    assert "during" not in server.log


def test_a_socket_left_by_a_killed_server_is_replaced(tmp_path: Path) -> None:
    """And commands find the new one."""
    server = start_server(tmp_path / "server")
    server.stop(signal.SIGKILL)
    assert (server.data / "admin.sock").exists()
    server.add_user("between")
    server.restart()
    server.add_user("alice")
    assert server.stop() == 0
