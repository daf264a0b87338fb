"""What small programs do to files, for tests of the recorder; each is performed in a child."""

import mmap
import os
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from tests.powercut.places import Place, place_in_memory
from tests.powercut.recording import Fault, RecordError, Say, record

_FLAGS: Final = os.O_RDWR | os.O_CREAT


def write_in_every_way(root: Path) -> None:
    """Write at the position, at a place, at the end, in pieces, and cut."""
    descriptor = os.open(root / "file", _FLAGS)
    os.write(descriptor, b"one")
    os.pwrite(descriptor, b"two", 10)
    os.writev(descriptor, [b"three", b"", b"four"])
    os.pwritev(descriptor, [b"5"], 1)
    os.ftruncate(descriptor, 20)
    os.fdatasync(descriptor)
    os.close(descriptor)
    with (root / "file").open("ab") as file:
        file.write(b"at the end")
    os.truncate(root / "file", 25)


def change_names(root: Path) -> None:
    """Make, move, replace and remove, also below a descriptor."""
    folder = os.open(root, os.O_RDONLY)
    os.mkdir("a", dir_fd=folder)
    (root / "a" / "x").write_bytes(b"x")
    (root / "y").write_bytes(b"y")
    os.rename("y", "a/x", src_dir_fd=folder, dst_dir_fd=folder)
    (root / "a" / "z").write_bytes(b"z")
    (root / "a" / "z").write_bytes(b"again")
    (root / "a" / "z").unlink()
    (root / "a").rename(root / "b")
    (root / "c").mkdir()
    (root / "c").rmdir()
    os.fsync(folder)
    os.sync()


def fail_by_itself(root: Path) -> None:
    """Make calls that the kernel refuses: they change nothing."""
    (root / "file").write_bytes(b"file")
    descriptor = os.open(root / "file", os.O_RDONLY)
    attempts: list[Callable[[], object]] = [
        partial(os.open, root / "missing" / "file", _FLAGS),
        partial(os.open, root / "file", _FLAGS | os.O_EXCL),
        partial(os.write, descriptor, b"for reading only"),
        (root / "file").mkdir,
        (root / "missing").unlink,
        partial((root / "missing").rename, root / "other"),
    ]
    for attempt in attempts:
        try:
            attempt()
        except OSError:
            continue
        raise AssertionError("a call succeeded")


def write_by_a_map(root: Path) -> None:
    """Change a file without a call."""
    (root / "file").write_bytes(bytes(4096))
    with (root / "file").open("r+b") as file, mmap.mmap(file.fileno(), 4096) as mapped:
        mapped[0] = 1


def link(root: Path) -> None:
    """Give a file a second name."""
    (root / "file").write_bytes(b"")
    os.link(root / "file", root / "other")


def copy_inside_the_kernel(root: Path) -> None:
    """Let the kernel write."""
    (root / "file").write_bytes(b"file")
    source, target = (os.open(root / name, _FLAGS) for name in ("file", "other"))
    os.sendfile(target, source, 0, 4)


def allocate(root: Path) -> None:
    """Prolong a file without a write."""
    os.posix_fallocate(os.open(root / "file", _FLAGS), 0, 4096)


def change_permissions(root: Path) -> None:
    """Change what a name does not show."""
    os.fchmod(os.open(root / "file", _FLAGS), 0o600)


def start_a_thread(root: Path) -> None:
    """Do two things at once."""
    thread = threading.Thread(target=(root / "file").write_bytes, args=(b"",))
    thread.start()
    thread.join()


def write_outside(root: Path) -> None:
    """Write where nobody looks."""
    (root.parent / "outside").write_bytes(b"")


def write_until_it_fails(root: Path) -> None:
    """Write, and say by another file that it failed."""
    try:
        (root / "file").write_bytes(b"file")
    except OSError as error:
        (root / "failed").write_text(str(error.strerror))


def sync_twice(root: Path) -> None:
    """Sync, and again after a failure, as nobody should."""
    with (root / "file").open("wb", buffering=0) as file:
        file.write(b"file")
        for _ in range(2):
            try:
                os.fsync(file.fileno())
                break
            except OSError:
                continue


Subject = Callable[[Path], None]
Recorded = tuple[list[str], dict[str, bytes], dict[str, int]]


def recorded(subject: Subject, fault: Fault | None = None) -> Recorded:
    """Give the kinds of events, the files by path afterwards, and the calls, of a subject."""
    with place_in_memory() as place:
        found = record(place, lambda say: _perform(subject, place, say), fault)
        kinds = [type(each).__name__ for each in found.events]
        return kinds, _files(place.root), found.calls


def refusal(subject: Subject) -> str:
    """Say why a subject cannot be recorded; "" if it can."""
    try:
        recorded(subject)
    except RecordError as error:
        return str(error)
    return ""


def _perform(subject: Subject, place: Place, say: Say) -> None:
    say("begun")
    subject(place.root)


def _files(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }
