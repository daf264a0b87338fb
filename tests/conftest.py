"""What all tests share: Hypothesis's settings, and real programs with a home of their own."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, is_hypothesis_test, settings

from tests.programs import Home, Server, start_server

# Workers share the cores, so a slow example means nothing; a failure prints how to repeat it.
# Examples differ from run to run, so fewer of them each time still search on.
settings.register_profile(
    "diary",
    deadline=None,
    max_examples=50,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("diary")


_MEASURING = {
    name: value
    for name, value in os.environ.items()
    if name in {"COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG"}
}


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Let the coverage of the processes a test starts be measured, if it is marked `measured`.

    Measuring makes a start half as long again, and a killed process reports nothing. What runs in
    the tests' own process is measured, but for properties.
    """
    for name, value in _MEASURING.items():
        if item.get_closest_marker("measured"):
            os.environ[name] = value
        else:
            os.environ.pop(name, None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Measure no coverage while a property is tried: that would double its time.

    Nor would it be the same from run to run, since the examples are not. What the figure promises
    is reached by the tests that name their examples.
    """
    measuring = sys.gettrace()
    if isinstance(item, pytest.Function) and is_hypothesis_test(item.obj):
        sys.settrace(None)
    try:
        return (yield)
    finally:
        sys.settrace(measuring)


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
