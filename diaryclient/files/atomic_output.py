"""Where an export goes: a file or a folder that appears whole under its name, or not at all.

Rules: written beside its place under another name, synced, then renamed; whatever ends the writing
early removes it, and what a kill leaves is removed by the next command
(`diaryclient.home.leftovers`). Only the owner can read it, since it is a diary. A folder never
replaces one that has something in it. A link is followed, so that what it leads to is replaced and
not the link.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TextIO

from diaryclient.files.private_files import make_private_folder, sync_folder
from diaryclient.files.scratch import hold, is_scratch, name_beside, open_named, remove
from protocol.errors import UsageError


def check_file(path: Path) -> bool:
    """Tell whether a file stands at the path already; raise UsageError if none can come there."""
    if not path.parent.is_dir():
        raise UsageError(f"there is no folder {path.parent}; make it first, or name another")
    target = _followed(path)
    if not target.parent.is_dir():
        raise UsageError(f"{path} is a link into a folder that there is not; name another")
    if os.path.lexists(target) and not target.is_file():
        raise UsageError(f"{path} is no file; name another, or none to print the export")
    return target.exists()


def check_folder(path: Path) -> None:
    """Raise UsageError unless the path is free, or an empty folder."""
    if not path.parent.is_dir():
        raise UsageError(f"there is no folder {path.parent}; make it first, or name another")
    path = _followed(path)
    if os.path.lexists(path) and not (path.is_dir() and not any(path.iterdir())):
        raise UsageError(f"{path} exists already; name a folder that is new or empty")


@contextmanager
def whole_file(path: Path, notes: Path | None = None) -> Iterator[TextIO]:
    """Give a text file to write, which gets its name when the block ends; raise OSError.

    `notes` is the folder that remembers what a kill would leave behind.
    """
    path = _followed(path)
    scratch = name_beside(path)
    with noted(scratch, notes):
        descriptor = open_named(scratch)
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
def whole_folder(path: Path, notes: Path | None = None) -> Iterator[Path]:
    """Give a folder to fill, which gets its name when the block ends; as `whole_file`."""
    path = _followed(path)
    scratch = name_beside(path)
    with noted(scratch, notes), ExitStack() as stack:
        make_private_folder(scratch)
        stack.callback(_close, hold(scratch))
        try:
            yield scratch
            os.sync()  # once: a sync of each of thousands of files would take minutes
            scratch.rename(path)
        except BaseException:
            shutil.rmtree(scratch, ignore_errors=True)
            raise
        sync_folder(path.parent)


def _followed(path: Path) -> Path:
    """Give where the links of a path lead; a circle of links stays as it is, which is no file."""
    return Path(os.path.realpath(path))


@contextmanager
def noted(scratch: Path, notes: Path | None) -> Iterator[None]:
    """Remember meanwhile, by a link in the folder `notes`, where something is being written."""
    note = None if notes is None else notes / os.urandom(8).hex()
    if note:
        with suppress(OSError):  # an export fails for its own disk only
            make_private_folder(note.parent)
            note.symlink_to(scratch.absolute())
    try:
        yield
    finally:
        if note:
            with suppress(OSError):
                note.unlink(missing_ok=True)


def remove_noted(note: Path) -> None:
    """Remove what a killed export left where a note says, and the note; raise OSError."""
    scratch = note.readlink()
    descriptor = hold(scratch) if is_scratch(scratch) else None
    if descriptor is not None:
        try:
            remove(scratch)
        finally:
            os.close(descriptor)
    if descriptor is not None or not os.path.lexists(scratch):
        note.unlink(missing_ok=True)


def _close(descriptor: int | None) -> None:
    if descriptor is not None:
        os.close(descriptor)
