"""Every row measures something real, with so little of everything that no figure means anything."""

import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest

from benchmarks.peers.rsyslog import program
from benchmarks.report import from_json
from benchmarks.rows import ROWS, titles
from benchmarks.rows.lines import BATCHED
from benchmarks.scale import TINY

PATIENCE_SECONDS: Final = 100
"""All rows take eight seconds where nobody else is at work."""

pytestmark = pytest.mark.timeout(2 * PATIENCE_SECONDS)
MEASURED: Final = tuple(name for name in ROWS if name != "command")
"""The command's row installs its peer from the network."""


def benchmarks(build: Path, rows: tuple[str, ...]) -> list[str]:
    """Give the command line of a tiny run."""
    chosen = [word for row in rows for word in ("--only", row)]
    return [sys.executable, "-m", "benchmarks", "--scale", "tiny", "--build", str(build), *chosen]


def test_rows_give_the_figures_they_claim_and_leave_nothing_behind(
    generator: object, tmp_path: Path
) -> None:
    """Each row starts real programs, measures them, and takes everything away again."""
    done = subprocess.run(
        benchmarks(tmp_path, MEASURED),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report = from_json((tmp_path / "bench.json").read_text())
    expected = titles(MEASURED, TINY)
    if program() is None:
        expected.remove(BATCHED.title(TINY))
    assert [figure.name for figure in report.figures] == expected
    for figure in report.figures:
        assert figure.name in done.stdout
        # Twenty users are less than two starts differ by, and a flood may leave nothing.
        may_be_nothing = "bytes an idle known user" in figure.name or "during" in figure.name
        assert figure.ours > 0 or may_be_nothing
        assert figure.runs > 0
    assert any("against an echo in C" in remark for remark in report.remarks)
    assert all(remark in done.stdout for remark in report.remarks)
    assert list((tmp_path / "benchmarks").iterdir()) == []


def test_a_signal_ends_it_and_all_that_it_started(generator: object, tmp_path: Path) -> None:
    """Nothing runs on, and nothing is left on the disk, when somebody loses patience."""
    with subprocess.Popen(
        benchmarks(tmp_path, ("year", "floods")), stderr=subprocess.PIPE
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
