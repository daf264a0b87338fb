"""The machine that is measured on: its cores and its disk, and one line about it."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_IN_MEMORY: Final = frozenset({"tmpfs", "ramfs"})


@dataclass(frozen=True, slots=True)
class Cores:
    """The core of what is measured, and the core of what makes the load."""

    measured: int
    load: int

    @property
    def are_apart(self) -> bool:
        """Whether there are two; on one core the load takes time from what is measured."""
        return self.measured != self.load


def choose_cores() -> Cores:
    """Give the last and the first core that this process may use."""
    usable = sorted(os.sched_getaffinity(0))
    return Cores(usable[-1], usable[0])


def file_system(folder: Path) -> str:
    """Give the type of the file system that a folder lies on, as /proc/mounts calls it."""
    place = folder.resolve()
    mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    # The last mount of a place hides the earlier ones.
    found = {Path(words[1]): words[2] for words in mounts}
    return next(found[path] for path in (place, *place.parents) if path in found)


def is_in_memory(kind: str) -> bool:
    """Tell whether a sync costs nothing on such a file system."""
    return kind in _IN_MEMORY


def describe(folder: Path) -> str:
    """Give one line: processor, cores, kernel, file system, Python."""
    names = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    processor = names[0] if names else platform.machine()
    return (
        f"{os.cpu_count()} cores of {processor}, Linux {platform.release()}, "
        f"{file_system(folder)}, Python {platform.python_version()}"
    )
