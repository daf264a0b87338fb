"""Servers that several tests of a module share, since a start takes longer than most tests."""

from collections.abc import Iterator

import pytest

from tests.integration.wire import Wire, wire_to
from tests.programs import Server, start_server


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the user alice; tests leave it serving."""
    running = start_server(tmp_path_factory.mktemp("server"))
    running.add_user("alice")
    yield running
    assert running.stop() == 0


@pytest.fixture
def wire(shared: Server) -> Iterator[Wire]:
    """A connected socket to the shared server."""
    with wire_to(shared.address) as connected:
        yield connected
