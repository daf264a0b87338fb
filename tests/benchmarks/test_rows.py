"""Every row measures something real, with so little of everything that no figure means anything."""

import json
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import pytest

from benchmarks.rows import ROWS

PATIENCE_SECONDS: Final = 100
"""A group takes five seconds where nobody else is at work."""

pytestmark = pytest.mark.timeout(2 * PATIENCE_SECONDS)
GROUPS: Final = (
    ("writing", "latency", "lines", "day", "year"),
    ("users", "stored", "restart", "memory", "floods"),
)
NOT_HERE: Final = {"command"}
"""It installs a peer from the network."""


def benchmarks(build: Path, *words: str) -> list[str]:
    """Give the command line of a tiny run."""
    options = ["--scale", "tiny", "--build", str(build), *words]
    return [sys.executable, "-m", "benchmarks", *options]


def only(rows: tuple[str, ...]) -> list[str]:
    """Give the options that choose rows."""
    return [word for row in rows for word in ("--only", row)]


def test_these_are_all_rows() -> None:
    """A row that is added is tested here."""
    assert {row for group in GROUPS for row in group} == set(ROWS) - NOT_HERE


@pytest.mark.parametrize("rows", GROUPS, ids="-".join)
def test_rows_give_figures_and_leave_nothing_behind(
    rows: tuple[str, ...],
    generator: object,
    tmp_path: Path,
) -> None:
    """Each row starts real programs, measures them, and takes everything away again."""
    done = subprocess.run(
        benchmarks(tmp_path, *only(rows)),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    figures: list[dict[str, Any]] = json.loads((tmp_path / "bench.json").read_text())["figures"]
    assert figures
    for figure in figures:
        assert figure["name"] in done.stdout
        # Twenty users are less than two starts differ by, and a flood may leave nothing.
        may_be_nothing = "bytes an idle known user" in figure["name"] or "during" in figure["name"]
        assert figure["ours"] > 0 or may_be_nothing
        assert figure["runs"] > 0
    assert list((tmp_path / "benchmarks").iterdir()) == []


def test_a_signal_ends_it_and_all_that_it_started(generator: object, tmp_path: Path) -> None:
    """Nothing runs on, and nothing is left on the disk, when somebody loses patience."""
    with subprocess.Popen(
        benchmarks(tmp_path, "--only", "year", "--only", "floods"), stderr=subprocess.PIPE
    ) as process:
        started: list[int] = []
        while not started and process.poll() is None:
            started = children(process.pid)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 130
    assert b"interrupted" in err
    assert not any(Path(f"/proc/{pid}").exists() for pid in started)
    assert list((tmp_path / "benchmarks").iterdir()) == []


def children(pid: int) -> list[int]:
    """Give the servers that a process has started and that run."""
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        with suppress(OSError):  # it has ended meanwhile
            text = status.read_text()
            if "Name:\tdiaryserver\n" in text and f"PPid:\t{pid}\n" in text:
                found.append(int(status.parent.name))
    return found
