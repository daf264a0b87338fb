"""The same bytes become the same entry by every door of the real programs."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.diaries import texts_in
from tests.integration.conftest import PLAIN
from tests.programs import Home, Server, start_server
from tests.terminals import Terminal

RED = "\x1b[31mred\x1b[0m line"
LINES = b"\xef\xbb\xbfone\r\ntwo\r\n"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server that takes plain text into alice's diary too."""
    running = start_server(tmp_path / "server", extra=PLAIN.replace("guest", "alice"))
    running.add_user("alice")
    yield running
    assert running.stop() == 0


def kept(server: Server) -> list[str]:
    """Give alice's texts in their order."""
    return [text for file in server.day_files("alice") for text in texts_in(file.read_bytes())]


def datagram(server: Server, *texts: bytes) -> str:
    """Send plain texts by UDP, and give the first answer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.settimeout(10)
        for text in texts:
            sender.sendto(text, ("127.0.0.1", server.port))
        return sender.recv(1024).decode()


def stream(server: Server, data: bytes) -> str:
    """Send plain text by TCP, and give all answers."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as sender:
        sender.sendall(data)
        sender.shutdown(socket.SHUT_WR)
        with sender.makefile("rb") as answers:
            return answers.read().decode()


def editor(folder: Path, data: bytes) -> str:
    """Give the command of an editor that leaves these bytes."""
    (folder / "typed").write_bytes(data)
    (folder / "editor").write_text(f'#!/bin/sh\ncat "{folder}/typed" > "$1"\n')
    (folder / "editor").chmod(0o700)
    return str(folder / "editor")


def in_editor(home: Home, command: str) -> None:
    """Write an entry with an editor at a terminal."""
    terminal = Terminal(home, "write", EDITOR=command)
    try:
        assert terminal.wait() == 0
    finally:
        terminal.close()


def pasted(home: Home, keys: str) -> None:
    """Write an entry in the conversation."""
    terminal = Terminal(home)
    try:
        terminal.sees("no entries yet")
        terminal.press(keys)
        terminal.sees("saved")
        terminal.leave()
    finally:
        terminal.close()


def test_two_lines_of_another_system(server: Server, home: Home, tmp_path: Path) -> None:
    """A mark and CR LF: by a datagram, a pipe, words, an editor, a paste and an import."""
    home.login(server, "alice")
    pasted(home, "\x1b[200~one\r\ntwo\x1b[201~\r")
    assert datagram(server, LINES).endswith("] one\n\ttwo")
    assert home.client("write", stdin=LINES).status == 0
    assert home.client("write", LINES.decode()).status == 0
    in_editor(home, editor(tmp_path, LINES))
    (tmp_path / "2026-01-02.md").write_bytes(LINES)
    assert home.client("import", str(tmp_path / "2026-01-02.md"), "--yes").status == 0
    assert kept(server) == ["one\ntwo"] * 6


def test_a_line_of_another_system_with_colours(server: Server, home: Home, tmp_path: Path) -> None:
    """Colours are kept as they came, and shown escaped; by each door that takes lines, too."""
    home.login(server, "alice")
    line = f"{RED}\r\n".encode()
    assert "收到！" in stream(server, line)
    assert datagram(server, line).endswith("] \\x1b[31mred\\x1b[0m line")
    assert home.client(stdin=line).status == 0
    assert home.client("write", stdin=line).status == 0
    assert home.client("plain", server.address, stdin=line).status == 0
    in_editor(home, editor(tmp_path, line))
    assert kept(server) == [RED] * 6


def test_white_space_is_nowhere_an_entry(server: Server, home: Home) -> None:
    """A person is told so, over TCP too; a datagram gets silence."""
    home.login(server, "alice")
    assert "not kept: that is no text" in stream(server, b" \t\r\n")
    assert home.client("write", stdin=b" \r\n").status == 2
    assert home.client(stdin=b" \r\n\r\n").status == 0
    assert datagram(server, b" \r\n", b"-r").startswith("---")
    assert kept(server) == []
