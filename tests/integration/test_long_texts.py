"""Texts of up to 256 KiB and long readings, with real programs over links that are not good."""

import json
import signal
import subprocess
from collections.abc import Iterator
from typing import Final

import pytest

from protocol.dayfile import fold, parse_day_file
from protocol.messages.writing import MAX_LONG_TEXT_BYTES
from tests.integration.logins import copy_login
from tests.lossy_proxy import LossyProxy, Weather
from tests.programs import BIN, PATIENCE_SECONDS, Home, Server
from tests.terminals import Terminal

LOSSY: Final = Weather(loss=0.05, duplicate=0.02, reorder=0.02)
FAR: Final = Weather(delay=0.1)
LONGEST: Final = (
    "".join(f"第 {number} 行 @tag\n" for number in range(20_000))
    .encode()[:MAX_LONG_TEXT_BYTES]
    .decode(errors="ignore")
)


@pytest.fixture
def far_home(reused: Server, home: Home) -> Iterator[tuple[Home, LossyProxy]]:
    """Somebody who reaches a server, with an empty diary, through a proxy."""
    reused.add_user("alice")
    home.login(reused, "alice")
    with LossyProxy(reused.address, Weather(), seed=1) as proxy:
        copy_login(home, "alice", reused.address, f"127.0.0.1:{proxy.port}")
        yield home, proxy


def client(home: Home, proxy: LossyProxy, *words: str, stdin: str = "") -> str:
    """Run the client through the proxy, and give what it printed."""
    done = home.client("--server", f"127.0.0.1:{proxy.port}", *words, stdin=stdin)
    assert (done.status, done.err) == (0, "")
    return done.out


def texts(server: Server) -> list[str]:
    """Give the entries of alice's files as they stand now."""
    files = [path.read_bytes() for path in server.day_files("alice")]
    return [each.text for data in files for each in fold(parse_day_file(data))]


def test_the_longest_text_goes_there_and_back(
    far_home: tuple[Home, LossyProxy], reused: Server
) -> None:
    """Where one in twenty is lost each way: once, whole, and in its place; and so changed."""
    home, proxy = far_home
    client(home, proxy, "write", "before")
    proxy.weather = LOSSY
    client(home, proxy, "write", "-q", stdin=LONGEST)
    entries = json.loads(client(home, proxy, "read", "--format", "json"))["entries"]
    assert [entry["text"] for entry in entries] == ["before", LONGEST]
    client(home, proxy, "edit", entries[0]["id"], stdin=LONGEST[::-1])
    assert texts(reused) == [LONGEST[::-1], LONGEST]
    assert proxy.counts["lost"] > 0


def test_a_server_that_is_killed_in_the_middle_has_it_once(
    far_home: tuple[Home, LossyProxy], reused: Server
) -> None:
    """The parts are gone with it; the client sends what is missing, now or with a later command."""
    home, proxy = far_home
    proxy.weather = Weather(delay=0.01)
    words = [str(BIN / "diaryclient"), "--server", f"127.0.0.1:{proxy.port}", "write"]
    with subprocess.Popen(words, env=home.env, stdin=subprocess.PIPE) as writing:
        assert writing.stdin
        writing.stdin.write(LONGEST.encode())
        writing.stdin.close()
        while proxy.counts["received"] < 100:
            assert writing.poll() is None
        reused.stop(signal.SIGKILL)
        reused.restart()
        status = writing.wait(PATIENCE_SECONDS)
    assert status in {0, 5}
    if status:
        client(home, proxy, "outbox", "flush")
    assert texts(reused) == [LONGEST]


def test_on_a_terminal_a_bar_tells_how_far_it_is(far_home: tuple[Home, LossyProxy]) -> None:
    """Of what takes longer than a second, until there is something else to see."""
    home, proxy = far_home
    proxy.weather = FAR
    server = ("--server", f"127.0.0.1:{proxy.port}")
    writing = Terminal(home, *server, "write", "x" * 40_000)
    writing.sees("sending")
    writing.sees("saved")
    assert writing.wait() == 0
    assert "sending" not in writing.rows[-1]
    reading = Terminal(home, *server, "read", "--no-pager")
    reading.sees("reading")
    reading.sees("xxxxxxxxxx")
    assert reading.wait() == 0
