"""What the recorder promises: every change of a file, as the kernel made it, or no record at all.

That the events lead from what was there to what is there now, and that the kernel counted as many
writes, is proved in every recording; these tests say which calls that is true of.
"""

import errno
import os
import shutil
import subprocess
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from tests.powercut import subjects
from tests.powercut.recording import Fault
from tests.powercut.subjects import Recorded, Subject


def recorded(
    explorer: ProcessPoolExecutor, subject: Subject, fault: Fault | None = None
) -> Recorded:
    """Record a subject in the explorer."""
    return explorer.submit(subjects.recorded, subject, fault).result()


def test_every_way_of_writing_is_recorded(explorer: ProcessPoolExecutor) -> None:
    """With its place in the file, whichever call it was, and how much the kernel took."""
    kinds, files, calls = recorded(explorer, subjects.write_in_every_way)
    assert Counter(kinds) == {"Marked": 1, "Made": 1, "Wrote": 5, "Resized": 2, "Synced": 1}
    assert files == {"file": b"o5ethreefouro".ljust(20, b"\0") + b"at th"}
    assert {"write", "pwrite64", "writev", "pwritev2", "ftruncate", "truncate"} <= set(calls)


def test_every_change_of_a_name_is_recorded(explorer: ProcessPoolExecutor) -> None:
    """By path, and below a descriptor; a file made anew is another one."""
    kinds, files, _ = recorded(explorer, subjects.change_names)
    assert files == {"b/x": b"y"}
    assert Counter(kinds)["Made"] == 5
    assert Counter(kinds)["Renamed"] == 2
    assert Counter(kinds)["Removed"] == 2
    assert Counter(kinds)["Resized"] == 1
    assert Counter(kinds)["Synced"] == 2


def test_what_the_kernel_refuses_is_no_event(explorer: ProcessPoolExecutor) -> None:
    """A call that failed changed nothing."""
    kinds, files, _ = recorded(explorer, subjects.fail_by_itself)
    assert kinds == ["Marked", "Made", "Wrote"]
    assert files == {"file": b"file"}


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        (subjects.write_by_a_map, "mmap"),
        (subjects.link, "link"),
        (subjects.copy_inside_the_kernel, "sendfile"),
        (subjects.allocate, "fallocate"),
        (subjects.change_permissions, "fchmod"),
        (subjects.start_a_thread, "a thread or a process"),
        (subjects.write_outside, "outside what is recorded"),
    ],
)
def test_what_has_no_model_makes_the_record_fail(
    explorer: ProcessPoolExecutor, subject: Subject, words: str
) -> None:
    """Nothing is overlooked: a hole in a record would pass for a promise kept."""
    assert words in explorer.submit(subjects.refusal, subject).result()


def test_any_call_can_be_made_to_fail(explorer: ProcessPoolExecutor) -> None:
    """Once, with the error that was chosen, and as if nothing of it was done."""
    fault = Fault(2, errno.ENOSPC)
    kinds, files, _ = recorded(explorer, subjects.write_until_it_fails, fault)
    assert files == {"file": b"", "failed": os.strerror(errno.ENOSPC).encode()}
    assert kinds == ["Marked", "Made", "Made", "Wrote"]


def test_a_write_can_be_made_to_fail_half_done(explorer: ProcessPoolExecutor) -> None:
    """As on a disk that fills up: what fits is written, and the rest is refused."""
    fault = Fault(2, errno.ENOSPC, is_short=True)
    _, files, _ = recorded(explorer, subjects.write_until_it_fails, fault)
    assert files == {"file": b"fi", "failed": os.strerror(errno.ENOSPC).encode()}


def test_a_sync_that_failed_is_in_the_record(explorer: ProcessPoolExecutor) -> None:
    """Since it loses what it was to keep; the next one says yes."""
    kinds, files, _ = recorded(explorer, subjects.sync_twice, Fault(3, errno.EIO))
    assert kinds == ["Marked", "Made", "Wrote", "Synced", "Synced"]
    assert files == {"file": b"file"}


@pytest.mark.system
def test_strace_counts_the_same_calls(explorer: ProcessPoolExecutor, tmp_path: Path) -> None:
    """The same subjects under strace, which looks with other eyes: each call, by name."""
    assert shutil.which("strace"), "tools/system-packages installs it"
    for subject in (subjects.write_in_every_way, subjects.change_names):
        _, _, calls = recorded(explorer, subject)
        folder = tmp_path / subject.__name__
        folder.mkdir()
        code = (
            "import sys; from pathlib import Path; from tests.powercut import subjects\n"
            f"subjects.{subject.__name__}(Path(sys.argv[1]))"
        )
        log = tmp_path / f"{subject.__name__}.log"
        names = ",".join(calls)
        traced = ("strace", "-f", "-y", "-o", log, "-e", f"trace={names}")
        subprocess.run([*traced, sys.executable, "-c", code, folder], check=True, timeout=60)
        seen = Counter(
            line.split("(")[0].split()[-1]
            for line in log.read_text().splitlines()
            if _is_change(line, str(folder))
        )
        # The recorder's one more write is its own mark.
        assert seen + Counter(write=1) == Counter(calls)


def _is_change(line: str, folder: str) -> bool:
    """Tell whether a line is a call on the subject's files that the recorder stops at."""
    is_open = "open" in line.split("(", maxsplit=1)[0]
    is_ours = folder in line or "sync()" in line
    return is_ours and (not is_open or "O_CREAT" in line or "O_TRUNC" in line)
