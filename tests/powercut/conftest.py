"""An explorer: a process with one thread, which can fork, as a test's own process cannot."""

import platform
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

import pytest

from tests.powercut.power import explorers


@pytest.fixture(scope="session")
def explorer() -> Iterator[ProcessPoolExecutor]:
    """Give a process that jobs are submitted to."""
    if sys.platform != "linux" or platform.machine() not in {"x86_64", "aarch64"}:
        pytest.skip("system calls are recorded on Linux, on two kinds of machine")
    with explorers(1) as pool:
        yield pool
