"""The peers that are Python programs of ours, as processes on the measured core."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.processes import running, wait_for
from benchmarks.workbench import Workbench

LONGEST_LIFE_SECONDS: Final = 3600
"""A peer ends by itself then, whatever became of the benchmark."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A process that answers on a UDP port of loopback."""

    process: subprocess.Popen[bytes]
    port: int


@contextmanager
def start_tutorial(bench: Workbench) -> Iterator[Peer]:
    """Run the tutorial's loop; what it prints goes to a file."""
    diary = bench.folder / "tutorial-daily.log"
    with _started(bench, "tutorial", [diary, LONGEST_LIFE_SECONDS]) as peer:
        yield peer


@contextmanager
def start_echo(bench: Workbench) -> Iterator[Peer]:
    """Run the echo."""
    with _started(bench, "echo", [LONGEST_LIFE_SECONDS]) as peer:
        yield peer


@contextmanager
def _started(bench: Workbench, name: str, words: Sequence[int | Path]) -> Iterator[Peer]:
    command = [sys.executable, "-m", f"benchmarks.peers.{name}", *map(str, words)]
    log = bench.folder / f"{name}.out"
    with running(command, bench.cores.measured, log) as process:
        yield Peer(process, int(wait_for(log, r"ready (\d+)\n", process)[1]))
