"""The service without sockets, for tests that send it datagrams."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.world import World, opened_world


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where that is possible: here nothing hangs on syncs, which take time."""
    memory = Path("/dev/shm")  # noqa: S108 - a fresh folder of our own in it
    if not memory.is_dir():
        yield tmp_path
        return
    place = Path(tempfile.mkdtemp(prefix="diary-test-", dir=memory))
    yield place
    shutil.rmtree(place)


@pytest.fixture
def world(folder: Path) -> Iterator[World]:
    """A service without users."""
    with opened_world(folder) as opened:
        yield opened
