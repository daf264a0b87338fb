"""A disk that forgets what was not synced: the power cut that kill -9 is not.

It stands below the store, hands every call on to the real disk, and keeps beside it what would
survive: the bytes of a file at its last sync, the names in a folder at its last sync. `lose` brings
the folder into that state, from which a store can be opened again. SQLite does not go through here:
the ledger is as it was at its last commit, which is what SQLite promises.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

from diaryserver.store.disk.disk import Disk
from diaryserver.store.ledger.ledgerfile import LEDGER

Survival: TypeAlias = Callable[[bytes, bytes], bytes]
"""Given a file's durable bytes and its last ones, gives what the power cut leaves."""


class PowerCutError(BaseException):
    """The power went: no code of the store may go on."""


def only_what_was_synced(durable: bytes, last: bytes) -> bytes:
    """Lose every byte that was not synced."""
    return durable


def with_a_hole(durable: bytes, last: bytes) -> bytes:
    """Keep the new length and the end, but not what stands between: a file system may."""
    if len(last) <= len(durable):
        return durable
    hole = (len(last) - len(durable)) // 2
    return durable + bytes(hole) + last[len(durable) + hole :]


def torn(durable: bytes, last: bytes) -> bytes:
    """Keep half of what was written since."""
    return last[: (len(durable) + len(last)) // 2] if len(last) > len(durable) else durable


class ForgetfulDisk(Disk):
    """The real disk below `root`, and what is durable of it.

    Files and folders are known by serial numbers of our own, since a file system uses inodes again.
    A rename is one transaction, as in every journaling file system: a sync of either folder makes
    it durable in both.
    """

    def __init__(self, root: Path, cut_after: int | None = None) -> None:
        """Everything that is there already is durable; the power is cut after so many calls."""
        self._root = root
        self.calls = 0
        self._cut_after = cut_after
        self._serials: dict[int, int] = {}
        self._next_serial = 0
        self._files: dict[int, bytes] = {}
        self._folders: dict[int, dict[str, int]] = {}
        self._moved: list[tuple[int, str, int]] = []
        self._remember_everything()

    def open(self, name: str, flags: int, folder: int) -> int:
        """As Disk; opening for reading is no change."""
        is_new = bool(flags & os.O_CREAT) and name not in os.listdir(folder)
        if is_new:
            self._live()
        descriptor = super().open(name, flags, folder)
        if is_new:
            self._serials.pop(os.fstat(descriptor).st_ino, None)
        return descriptor

    def write(self, descriptor: int, data: bytes) -> None:
        """As Disk."""
        self._live()
        super().write(descriptor, data)

    def write_at(self, descriptor: int, data: bytes, position: int) -> None:
        """As Disk."""
        self._live()
        super().write_at(descriptor, data, position)

    def truncate(self, descriptor: int, length: int) -> None:
        """As Disk."""
        self._live()
        super().truncate(descriptor, length)

    def rename(self, name: str, folder: int, new_name: str, new_folder: int) -> None:
        """As Disk."""
        self._live()
        super().rename(name, folder, new_name, new_folder)
        self._moved.append((self._serial(folder), name, self._serial(new_folder)))

    def make_folder(self, name: str, folder: int) -> None:
        """As Disk."""
        self._live()
        super().make_folder(name, folder)
        self._serials.pop(os.stat(name, dir_fd=folder).st_ino, None)

    def remove(self, name: str, folder: int) -> None:
        """As Disk."""
        self._live()
        super().remove(name, folder)

    def sync(self, descriptor: int) -> None:
        """Remember a file's bytes."""
        self._live()
        super().sync(descriptor)
        self._files[self._serial(descriptor)] = _content(descriptor)

    def sync_folder(self, descriptor: int) -> None:
        """Remember a folder's names."""
        self._live()
        super().sync_folder(descriptor)
        self._remember_names(descriptor)

    def sync_all(self, descriptor: int) -> None:
        """Remember all."""
        self._live()
        super().sync_all(descriptor)
        self._remember_everything()

    def cut(self) -> None:
        """Let no change reach the disk any more."""
        self._cut_after = self.calls

    def lose(self, survival: Survival = only_what_was_synced) -> None:
        """Bring `root` into the state that the power cut leaves; inodes stay the same."""
        aside = self._root.with_name(self._root.name + ".aside")
        aside.mkdir()
        last: dict[int, Path] = {}
        ledger = self._root / LEDGER
        committed = ledger.read_bytes() if ledger.exists() else None
        for path in [path for path in _walk(self._root) if path.is_file()]:
            serial = self._serial_of(path.stat().st_ino)
            last[serial] = path.rename(aside / str(serial))
        root = self._serial_of(self._root.stat().st_ino)
        shutil.rmtree(self._root)
        self._write_folder(root, self._root, last, survival)
        if committed is not None:
            ledger.write_bytes(committed)
        shutil.rmtree(aside)

    def _live(self) -> None:
        if self._cut_after is not None and self.calls >= self._cut_after:
            raise PowerCutError
        self.calls += 1

    def _write_folder(
        self, serial: int, into: Path, last: dict[int, Path], survival: Survival
    ) -> None:
        into.mkdir(mode=0o700)
        for name, item in self._folders.get(serial, {}).items():
            if item in self._folders:
                self._write_folder(item, into / name, last, survival)
                continue
            file, durable = into / name, self._files.get(item, b"")
            found = last.get(item)
            left = survival(durable, found.read_bytes()) if found else durable
            if found:
                found.rename(file)
            file.touch(mode=0o600)
            file.write_bytes(left)

    def _remember_everything(self) -> None:
        for path in _walk(self._root):
            descriptor = os.open(path, os.O_RDONLY)
            try:
                if path.is_dir():
                    self._remember_names(descriptor)
                else:
                    self._files[self._serial(descriptor)] = _content(descriptor)
            finally:
                os.close(descriptor)

    def _remember_names(self, descriptor: int) -> None:
        serial = self._serial(descriptor)
        names = {}
        for name in os.listdir(descriptor):
            item = self._serial_of(os.stat(name, dir_fd=descriptor).st_ino)
            names[name] = item
            if Path(f"/proc/self/fd/{descriptor}/{name}").is_dir():
                self._folders.setdefault(item, {})
        self._folders[serial] = names
        for folder, name, new_folder in self._moved:
            if serial == new_folder:
                self._folders[folder].pop(name, None)
        self._moved = [moved for moved in self._moved if serial not in moved[::2]]

    def _serial(self, descriptor: int) -> int:
        return self._serial_of(os.fstat(descriptor).st_ino)

    def _serial_of(self, inode: int) -> int:
        if inode not in self._serials:
            self._next_serial += 1
            self._serials[inode] = self._next_serial
        return self._serials[inode]


class LyingDisk(ForgetfulDisk):
    """A disk whose syncs say yes and do nothing: what a store without fsync amounts to."""

    def sync(self, descriptor: int) -> None:
        """Remember nothing."""

    def sync_folder(self, descriptor: int) -> None:
        """Remember nothing."""

    def sync_all(self, descriptor: int) -> None:
        """Remember nothing."""


def _walk(root: Path) -> Iterator[Path]:
    yield root
    for path in root.rglob("*"):
        if path.is_dir() or path.is_file():
            yield path


def _content(descriptor: int) -> bytes:
    return Path(f"/proc/self/fd/{descriptor}").read_bytes()
