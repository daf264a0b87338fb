"""What all tests share: Hypothesis's settings, and real programs with a home of their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.programs import Home, Server, start_server

# Two workers share two cores, so a slow example means nothing; a failure prints how to repeat it.
# Examples differ from run to run, so fewer of them each time still search on.
settings.register_profile(
    "diary",
    deadline=None,
    max_examples=50,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("diary")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A running server on a free loopback port, with no users yet."""
    running = start_server(tmp_path / "server")
    yield running
    running.stop()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A person's empty home, in which `diaryclient` runs."""
    return Home(tmp_path / "home")
