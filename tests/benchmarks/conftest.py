"""What the tests of the benchmarks share: the generator, compiled once."""

import shutil
from pathlib import Path

import pytest

from benchmarks.generator import Generator, compile_generator
from benchmarks.machine import choose_cores


@pytest.fixture(scope="session")
def generator(tmp_path_factory: pytest.TempPathFactory) -> Generator:
    """The load generator on its core."""
    if shutil.which("cc") is None:
        pytest.skip("there is no C compiler")
    program = compile_generator(tmp_path_factory.mktemp("generator"))
    return Generator(program, choose_cores().load)


@pytest.fixture
def datagrams(tmp_path: Path) -> Path:
    """Where the generator reads from."""
    return tmp_path / "datagrams"
