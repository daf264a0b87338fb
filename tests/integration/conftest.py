"""Servers that several tests of a module share, since a start takes longer than most tests."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.integration.wire import Wire, wire_to
from tests.programs import Server, start_server

PLAIN: Final = '[legacy]\nenabled = true\nuser = "guest"\n'


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the user alice; tests leave it serving."""
    running = start_server(tmp_path_factory.mktemp("server"))
    running.add_user("alice")
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="module")
def _kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = start_server(tmp_path_factory.mktemp("server"))
    yield running
    assert running.stop() == 0


@pytest.fixture
def reused(_kept: Server) -> Iterator[Server]:
    """A running server without users; a test may stop it, but not harm what others need."""
    yield _kept
    if not _kept.is_running:
        _kept.restart()
    for row in _kept.users():
        _kept.remove_user(str(row["name"]))


@pytest.fixture(scope="module")
def _kept_plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = start_server(tmp_path_factory.mktemp("plain"), extra=PLAIN)
    yield running
    assert running.stop() == 0


@pytest.fixture
def plain(_kept_plain: Server) -> Iterator[Server]:
    """A server that takes plain text from loopback into guest's diary, which is empty.

    A test leaves no half line behind: it would become an entry when the connection ends.
    """
    yield _kept_plain
    _kept_plain.remove_user("guest")
    _kept_plain.add_user("guest")


@pytest.fixture
def own_plain(tmp_path: Path) -> Iterator[Server]:
    """The same for a test alone."""
    running = start_server(tmp_path / "server", extra=PLAIN)
    yield running
    running.stop()


@pytest.fixture
def wire(shared: Server) -> Iterator[Wire]:
    """A connected socket to the shared server."""
    with wire_to(shared.address) as connected:
        yield connected
