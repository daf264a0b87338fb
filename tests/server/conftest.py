"""The service without sockets, for tests that send it datagrams."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.estate import make_estate
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


@pytest.fixture(scope="session")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder without faults, made once, to be copied."""
    made = tmp_path_factory.mktemp("pattern") / "data"
    make_estate(made)
    return made


@pytest.fixture
def data(pattern: Path, folder: Path) -> Path:
    """The data folder of a server that is not running; see `tests.server.estate.make_estate`."""
    return shutil.copytree(pattern, folder / "data")
