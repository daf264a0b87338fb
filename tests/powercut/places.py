"""A folder on a real file system in which states are made: the same paths and the same inodes.

The store's journal knows a day file by its inode, so a state must have the one that was recorded.
Each file that ever was is kept alive by a second link in a pool, and linked back where a state has
it; folders are made anew.

Rules: a state is in memory where that is possible, since a cut is looked at thousands of times and
nothing of it needs a disk.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.powercut.events import ROOT, Tree

_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - a fresh folder of our own in it


class Place:
    """One such folder: `root` is what is recorded, cut and made again."""

    def __init__(self, top: Path) -> None:
        """`top` is an empty folder of the caller's."""
        self.root = top / "root"
        self._pool = top / "pool"
        self.root.mkdir(mode=0o700)
        self._pool.mkdir(mode=0o700)
        self._device = self.root.stat().st_dev
        self._serials = {self.root.stat().st_ino: ROOT}
        self._last = ROOT

    def serial(self, path: str | Path) -> int | None:
        """Give the serial number of a file or folder; None for what is not below `root`."""
        try:
            status = Path(path).stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        return self._serials.get(status.st_ino) if status.st_dev == self._device else None

    def adopt(self, path: str | Path) -> int:
        """Give a new file or folder its serial number, and keep a file's inode alive."""
        status = Path(path).stat()
        self._last += 1
        self._serials[status.st_ino] = self._last
        if not Path(path).is_dir():
            os.link(path, self._pool / str(self._last))
        return self._last

    def take(self) -> Tree:
        """Give all that is below `root` now, adopting what is new."""
        files: dict[int, bytes] = {}
        folders: dict[int, dict[str, int]] = {}
        self._take_folder(self.root, ROOT, files, folders)
        return Tree(files, folders)

    def make(self, tree: Tree) -> None:
        """Let `root` hold this and nothing else."""
        self.empty()
        self._forget_folders()
        self._make_folder(self.root, ROOT, tree)

    def empty(self) -> None:
        """Remove all that is below `root`."""
        for path in self.root.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()

    def _forget_folders(self) -> None:
        # A removed folder's inode may be given to another one; a file's is kept.
        pooled = {int(each.name) for each in self._pool.iterdir()}
        self._serials = {ino: each for ino, each in self._serials.items() if each in pooled}
        self._serials[self.root.stat().st_ino] = ROOT

    def _take_folder(
        self, path: Path, serial: int, files: dict[int, bytes], folders: dict[int, dict[str, int]]
    ) -> None:
        names = folders[serial] = {}
        for child in sorted(path.iterdir()):
            known = self.serial(child)
            names[child.name] = number = self.adopt(child) if known is None else known
            if child.is_dir():
                self._take_folder(child, number, files, folders)
            else:
                files[number] = child.read_bytes()

    def _make_folder(self, path: Path, serial: int, tree: Tree) -> None:
        for name, number in tree.folders[serial].items():
            child = path / name
            if number in tree.folders:
                child.mkdir(mode=0o700)
                self._serials[child.stat().st_ino] = number
                self._make_folder(child, number, tree)
                continue
            pooled = self._pool / str(number)
            pooled.write_bytes(tree.files[number])
            os.link(pooled, child)


@contextmanager
def place_in_memory() -> Iterator[Place]:
    """Give a place, in memory if there is such a file system, and remove it afterwards."""
    top = tempfile.mkdtemp(prefix="diary-powercut-", dir=_MEMORY if _MEMORY.is_dir() else None)
    try:
        yield Place(Path(top))
    finally:
        shutil.rmtree(top)
