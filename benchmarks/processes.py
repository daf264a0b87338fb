"""Programs started by a benchmark: kept to one core, watched in /proc, ended by their id."""

import os
import re
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from benchmarks.errors import BenchmarkError

PATIENCE_SECONDS: Final = 20.0
"""For a start or an end; both take less than a second on a quiet machine."""

_LOOK_SECONDS: Final = 0.01
_IDLE_SECONDS: Final = 0.1
_IDLE_PART: Final = 0.05
"""Whoever used less of a core for so long has nothing left to do."""

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_RESIDENT: Final = re.compile(r"^VmRSS:\s+(\d+) kB$", re.MULTILINE)


def on_core(core: int, words: Sequence[str | Path]) -> list[str]:
    """Give the command line that runs a program on one core; taskset becomes the program."""
    return ["taskset", "-c", str(core), *map(str, words)]


@contextmanager
def running(
    words: Sequence[str | Path], core: int, log: Path, env: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program on a core, its output in `log`; it has ended when this is left."""
    with log.open("wb") as file:
        process = subprocess.Popen(
            on_core(core, words),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            env=os.environ | (env or {}),
        )
    try:
        yield process
    finally:
        end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask a process to end, and kill it if it does not."""
    process.terminate()
    try:
        process.wait(PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_for(log: Path, pattern: str, process: subprocess.Popen[bytes]) -> re.Match[str]:
    """Wait until a program has written what matches; raise BenchmarkError if it never does."""
    end_of_patience = time.perf_counter() + PATIENCE_SECONDS
    while time.perf_counter() < end_of_patience:
        if found := re.search(pattern, log.read_text(errors="replace")):
            return found
        if process.poll() is not None:
            break
        time.sleep(_LOOK_SECONDS)
    raise BenchmarkError(f"{process.args!r} did not start: {log.read_text(errors='replace')}")


def cpu_seconds(pid: int) -> float:
    """Give what all threads of a process have used, in ns where the kernel counts them."""
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
        return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9
    except FileNotFoundError:
        # After the name in parentheses, which may hold anything: user and system time, in ticks.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS


def wait_until_idle(pid: int) -> float:
    """Wait until a process has nothing left to do; give when that began (`perf_counter`)."""
    last, used = time.perf_counter(), cpu_seconds(pid)
    end_of_patience = last + PATIENCE_SECONDS
    while (moment := time.perf_counter()) < last + _IDLE_SECONDS:
        if moment > end_of_patience:
            raise BenchmarkError(f"process {pid} does not come to rest")
        time.sleep(_LOOK_SECONDS)
        before, used = used, cpu_seconds(pid)
        if used - before > _IDLE_PART * _LOOK_SECONDS:
            last = time.perf_counter()
    return last


def resident_bytes(pid: int) -> int:
    """Give the memory a process holds just now."""
    found = _RESIDENT.search(Path(f"/proc/{pid}/status").read_text())
    if found is None:
        raise BenchmarkError(f"process {pid} has ended")
    return 1024 * int(found[1])
