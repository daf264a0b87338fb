"""The outbox: every entry, from before it is sent until the server has confirmed it.

Long, so that every way of holding an entry's file stands here.

One 0600 file for each entry, `outbox/alice@host:port/<id>.json`, so that several processes can work
side by side: a file that vanished was confirmed, or dropped, by another one.

Rules: an entry is on the disk before its first byte is sent, and again before its time is
corrected, because the server compares a repeated id's content. Who sends, changes or drops an entry
holds its file, from before it has its name; so nobody sends one content of an id while somebody
else corrects it. Older entries are delivered by one process at a time, or they would lose their
order. A refused entry stays with its reason; one refused for its login waits for the next login.
"""

import errno
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple

from diaryclient.files.private_files import (
    hold_patiently,
    make_lock_file,
    make_private_folder,
    set_aside,
    sync_folder,
    write_held,
    write_private,
)
from protocol.errors import ErrorCode, MalformedError
from protocol.fields import read_fields
from protocol.identifiers import EntryId
from protocol.messages.writing import Put
from protocol.stamp import Stamp

_SUFFIX: Final = ".json"
_LOCK: Final = ".delivering"
_MOST_BYTES: Final = 8 << 20
"""Of a file; the longest text that is kept has 1 MiB, and JSON writes a control as six bytes."""

LOGIN_REFUSALS: Final = frozenset(
    {ErrorCode.EXPIRED, ErrorCode.REVOKED, ErrorCode.SCOPE, ErrorCode.DENIED}
)
"""What another login can mend."""

FINAL_REFUSALS: Final = frozenset({ErrorCode.INVALID, ErrorCode.CONFLICT, ErrorCode.TOOBIG})
"""What no repetition can mend; every other refusal leaves the entry waiting."""


class Entry(NamedTuple):
    """An entry on its way: id, time (ms since the epoch), zone (minutes east of UTC), text.

    `refused` is the code of the refusal that holds it back; None while it waits to be sent.
    """

    id: EntryId
    at: int
    off: int
    text: str
    star: bool = False
    refused: ErrorCode | None = None

    @property
    def stamp(self) -> Stamp:
        """The entry's moment on its writer's wall clock."""
        return Stamp(self.at, self.off)

    @property
    def request(self) -> Put:
        """The request that stores it."""
        return Put(at=self.at, off=self.off, text=self.text, star=self.star)


class _Held(NamedTuple):
    """A file that others leave alone while its descriptor is open, and what was written there."""

    descriptor: int
    entry: Entry


class Outbox:
    """The entries of one login that the server has not confirmed."""

    def __init__(self, folder: Path) -> None:
        """Use `folder`, which need not exist yet."""
        self.folder = folder
        self._held = dict[EntryId, _Held]()

    def add(self, entry: Entry) -> None:
        """Write a new entry durably and hold it until `release`.

        Raise OSError if the disk does not take it; then it is not kept.
        """
        path = self.path(entry.id)
        try:
            self._held[entry.id] = _Held(write_held(path, _encode(entry)), entry)
        except OSError:
            with suppress(OSError):  # it has its name already if only the folder's sync failed
                path.unlink(missing_ok=True)
            raise

    def keep(self, entry: Entry) -> None:
        """Write an entry durably; raise OSError if the disk does not take it."""
        path, before = self.path(entry.id), self._held.get(entry.id)
        if before is None:
            write_private(path, _encode(entry))
        else:
            self._held[entry.id] = _Held(write_held(path, _encode(entry)), entry)
            os.close(before.descriptor)

    def holds(self, entry_id: EntryId) -> bool:
        """Tell whether this process holds an entry."""
        return entry_id in self._held

    def ensure(self, entry: Entry) -> None:
        """Put an entry back if a hand took its file away, or damaged it; raise OSError."""
        path = self.path(entry.id)
        if not path.exists() or not _holds_entry(path):
            self.keep(entry)

    def hold(self, entry_id: EntryId, seconds: float = 0.0) -> Entry | None:
        """Keep other processes from an entry until `release`, and give it as it is now.

        None: it is gone. Raise BlockingIOError if another process still holds it after so many
        seconds, MalformedError if somebody damaged it, or OSError.
        """
        path, held = self.path(entry_id), self._held.get(entry_id)
        if held is not None:
            if path.exists():
                return held.entry
            self.release(entry_id)
            return None
        try:
            descriptor = hold_patiently(path, seconds)
        except FileNotFoundError:
            return None
        try:
            entry = _read(path)
        except BaseException as error:
            os.close(descriptor)
            if isinstance(error, FileNotFoundError):
                return None
            raise
        self._held[entry_id] = _Held(descriptor, entry)
        return entry

    def release(self, entry_id: EntryId) -> None:
        """Let other processes have an entry; nothing happens if it is not held."""
        held = self._held.pop(entry_id, None)
        if held is not None:
            os.close(held.descriptor)

    def release_all(self) -> None:
        """Let other processes have every entry."""
        for entry_id in list(self._held):
            self.release(entry_id)

    @contextmanager
    def delivering(self, seconds: float = 0.0) -> Iterator[bool]:
        """Be the one process that delivers older entries; False if another still is after a while.

        Raise OSError if the folder cannot be written.
        """
        path = self.folder / _LOCK
        make_lock_file(path)
        try:
            descriptor = hold_patiently(path, seconds)
        except BlockingIOError:
            yield False
            return
        try:
            yield True
        finally:
            os.close(descriptor)

    def remove(self, entry_id: EntryId) -> None:
        """Forget an entry."""
        self.path(entry_id).unlink(missing_ok=True)
        self.release(entry_id)

    def hold_back(self, entry: Entry, code: ErrorCode) -> None:
        """Keep a refused entry with its reason, unless another process had it confirmed."""
        if self.path(entry.id).exists():
            self.keep(entry._replace(refused=code))

    def release_login_refusals(self) -> None:
        """Let the entries that were refused for their login wait again: there is a new one."""
        for listed in self.entries():
            if listed.refused not in LOGIN_REFUSALS:
                continue
            with suppress(BlockingIOError):  # somebody drops or sends it just now
                entry = self.hold(listed.id)
                if entry and entry.refused in LOGIN_REFUSALS:
                    self.keep(entry._replace(refused=None))
            self.release(listed.id)

    def waiting(self) -> list[Entry]:
        """Give the entries to be sent, oldest first."""
        return [entry for entry in self.entries() if entry.refused is None]

    def entries(self) -> Iterator[Entry]:
        """Give all entries, oldest first; a damaged file is left out, see `damaged`."""
        for path in self._paths():
            with suppress(FileNotFoundError, MalformedError):
                yield _read(path)

    def damaged(self) -> list[Path]:
        """Give the files that hold no entry: somebody changed them."""
        return [path for path in self._paths() if not _holds_entry(path)]

    def set_damaged_aside(self) -> list[str]:
        """Rename the files that hold no entry, and give what to tell of each."""
        return [_set_aside(path) for path in self.damaged()]

    def move_to(self, other: "Outbox", seconds: float) -> int:
        """Give every entry to another outbox, durably, and tell how many.

        What another process holds is waited for: raise BlockingIOError after so many seconds, or
        OSError; then the rest stays here.
        """
        if not self.folder.is_dir():
            return 0
        make_private_folder(other.folder)
        with self.delivering(seconds) as is_mine:
            if not is_mine:
                raise BlockingIOError(errno.EAGAIN, "entries are being sent", str(self.folder))
            moved = sum(_move(path, other.folder, seconds) for path in self._paths())
        sync_folder(other.folder)
        sync_folder(self.folder)
        return moved

    def path(self, entry_id: EntryId) -> Path:
        """Give the file of an entry."""
        return self.folder / f"{entry_id.hex()}{_SUFFIX}"

    def _paths(self) -> list[Path]:
        # The ids are UUIDv7 and so are in the order in which they were made.
        return sorted(self.folder.glob(f"*{_SUFFIX}")) if self.folder.is_dir() else []


def _move(path: Path, folder: Path, seconds: float) -> bool:
    try:
        descriptor = hold_patiently(path, seconds)
    except FileNotFoundError:
        return False  # confirmed meanwhile
    try:
        path.rename(folder / path.name)
    finally:
        os.close(descriptor)
    return True


def outboxes_below(folder: Path) -> list[Outbox]:
    """Give the outboxes of all logins, those that are gone included; each folder's name is one."""
    return [Outbox(each) for each in sorted(folder.iterdir())] if folder.is_dir() else []


def _holds_entry(path: Path) -> bool:
    try:
        _read(path)
    except FileNotFoundError:
        return True  # confirmed meanwhile
    except MalformedError:
        return False
    return True


def _set_aside(path: Path) -> str:
    try:
        return f"{path} is damaged and holds no entry; it is set aside as {set_aside(path).name}"
    except OSError as error:
        return f"{path} is damaged and holds no entry; it cannot be set aside: {error.strerror}"


def _encode(entry: Entry) -> bytes:
    values = {
        "at": entry.at,
        "off": entry.off,
        "text": entry.text,
        "star": entry.star,
        "refused": entry.refused,
    }
    return json.dumps(values, ensure_ascii=False, indent=2).encode() + b"\n"


def _read(path: Path) -> Entry:
    try:
        entry_id = EntryId(bytes.fromhex(path.name.removesuffix(_SUFFIX)))
        with path.open("rb") as file:
            values = json.loads(file.read(_MOST_BYTES))
        text, refused = values["text"], values["refused"]
        # A text that was refused for its length is kept as well, so it is checked apart.
        rest = {key: values[key] for key in ("at", "off", "star")}
        put = read_fields(Put, rest | {"text": "checked apart"})
        if not isinstance(text, str):
            raise MalformedError(f"{path} holds no text")
        text.encode()
        code = None if refused is None else ErrorCode(refused)
    except (ValueError, TypeError, KeyError, RecursionError, IsADirectoryError):
        raise MalformedError(f"{path} holds no entry") from None
    return Entry(entry_id, put.at, put.off, text, put.star, code)
