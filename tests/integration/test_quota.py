"""A diary that is full, met by those who write it: signed, by plain text, and its operator."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.conftest import PLAIN
from tests.programs import PASSWORD, Home, Server, start_server

TIGHT = "[quota]\nentries = 2\n"


@pytest.fixture
def tight(tmp_path: Path) -> Iterator[Server]:
    """A server that also takes plain text and leaves everybody two entries."""
    running = start_server(tmp_path / "server", extra=PLAIN + TIGHT)
    yield running
    assert running.stop() == 0


def ask(server: Server, text: str) -> str:
    """Send plain text by UDP and give the answer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(10)
        client.sendto(text.encode(), ("127.0.0.1", server.port))
        return client.recv(1024).decode()


def test_plain_text_is_told_that_the_diary_is_full(tight: Server) -> None:
    """By an answer that begins with no stamp; what two servers could send to and fro is dropped."""
    for text in ("one", "two"):
        assert ask(tight, text).endswith(f"] {text}")
    full = "---日记已满---\nthe diary is full: 2 of 2 entries"
    assert ask(tight, "three") == full
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(0.4)
        for echo in (full, f"[Sun Nov 22 18:40:48 2026] {full}"):
            client.sendto(echo.encode(), ("127.0.0.1", tight.port))
            with pytest.raises(TimeoutError):
                client.recv(1024)
    with socket.create_connection(("127.0.0.1", tight.port), timeout=10) as window:
        lines = window.makefile("rb")
        lines.readline()
        window.sendall(b"four\r\n")
        assert lines.readline() == b"not kept: the diary is full: 2 of 2 entries\r\n"
    [file] = tight.day_files("guest")
    assert len(file.read_text().splitlines()) == 2


def test_who_has_no_room_keeps_the_text_until_there_is_some(tight: Server, tmp_path: Path) -> None:
    """Told in one line with what to type; a restart with a higher limit lets it in."""
    home = Home(tmp_path / "home")
    tight.add_user("alice")
    home.login(tight, "alice", PASSWORD)
    for text in ("one", "two"):
        assert home.client("write", text).status == 0
    done = home.client("write", "three")
    assert (done.status, done.out) == (6, "")
    assert done.err.startswith("diaryclient: the diary is full: 2 of 2 entries; ")
    assert done.err.endswith(
        " is kept in the outbox and sent when there is room: diaryclient status\n"
    )
    told = json.loads(home.client("status", "--json").out)
    assert told["room"]["entries"] == {"used": 2, "limit": 2, "left": 0}
    assert told["waiting"] == 1
    tight.config.write_text(tight.config.read_text().replace("entries = 2", "entries = 3"))
    tight.restart()
    assert home.client("outbox", "flush").status == 0
    assert "3 entries, 0 left" in home.client("whoami").out
