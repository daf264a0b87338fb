"""Where an export goes: a file or a folder that appears whole under its name, or not at all.

Rules: written beside its place under another name, synced, then renamed; whatever ends the writing
early removes it. Only the owner can read it, since it is a diary. A folder never replaces one that
has something in it.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from diaryclient.private_files import make_private_folder, sync_folder
from protocol.errors import UsageError


def check_file(path: Path) -> bool:
    """Tell whether a file stands at the path already; raise UsageError if none can come there."""
    if not path.parent.is_dir():
        raise UsageError(f"there is no folder {path.parent}; make it first, or name another")
    if os.path.lexists(path) and not path.is_file():
        raise UsageError(f"{path} is no file; name another, or none to print the export")
    return path.exists()


def check_folder(path: Path) -> None:
    """Raise UsageError unless the path is free, or an empty folder."""
    if not path.parent.is_dir():
        raise UsageError(f"there is no folder {path.parent}; make it first, or name another")
    if os.path.lexists(path) and not (path.is_dir() and not any(path.iterdir())):
        raise UsageError(f"{path} exists already; name a folder that is new or empty")


@contextmanager
def whole_file(path: Path) -> Iterator[TextIO]:
    """Give a text file to write, which gets its name when the block ends; raise OSError."""
    scratch = path.with_name(f".{os.urandom(8).hex()}.tmp")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(path)
        sync_folder(path.parent)
    except BaseException:
        scratch.unlink(missing_ok=True)
        raise


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Give a folder to fill, which gets its name when the block ends; raise OSError."""
    scratch = path.with_name(f".{os.urandom(8).hex()}.tmp")
    make_private_folder(scratch)
    try:
        yield scratch
        os.sync()  # once: a sync of each of thousands of files would take minutes
        scratch.rename(path)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    sync_folder(path.parent)
