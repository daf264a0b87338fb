"""What a record is made of: each change of a file or a name, in the order of the calls. Pure.

Rules: a file or folder is known by a serial number of the recorder's own, since a file system gives
inodes away again. A call that failed changed nothing and is no event, but a sync that failed is
one: it loses what it was to keep.
"""

from dataclasses import dataclass
from typing import Final, TypeAlias

ROOT: Final = 0
"""The serial number of the folder that all of it happens below."""


@dataclass(frozen=True, slots=True)
class Made:
    """A new file or folder under a name."""

    folder: int
    name: str
    node: int
    is_folder: bool


@dataclass(frozen=True, slots=True)
class Wrote:
    """Bytes at a place of a file."""

    node: int
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Resized:
    """A file cut or prolonged."""

    node: int
    size: int


@dataclass(frozen=True, slots=True)
class Renamed:
    """A file or folder under another name, replacing what had it."""

    folder: int
    name: str
    new_folder: int
    new_name: str


@dataclass(frozen=True, slots=True)
class Removed:
    """A name that is gone."""

    folder: int
    name: str


@dataclass(frozen=True, slots=True)
class Synced:
    """A sync of a file or folder, or of all (`node` None); `site` names who asked for it.

    `data_only`: fdatasync, which keeps nothing that reading the bytes needs not.
    """

    node: int | None
    data_only: bool
    failed: bool
    site: str


@dataclass(frozen=True, slots=True)
class Marked:
    """What the process said of itself just then: an operation begins, or has returned."""

    said: object


Event: TypeAlias = Made | Wrote | Resized | Renamed | Removed | Synced | Marked


@dataclass(frozen=True, slots=True)
class Tree:
    """Files and folders, by serial number: bytes, or names; what is not below ROOT is lost."""

    files: dict[int, bytes]
    folders: dict[int, dict[str, int]]


@dataclass(frozen=True, slots=True)
class Record:
    """All events of a process, what was there before, and how many calls it made, by name.

    `changes` are the names of those that change files below the root, or try to: each of them can
    fail. Before the event of number `fault` none was made to; 0 if none was at all.
    """

    before: Tree
    events: tuple[Event, ...]
    calls: dict[str, int]
    changes: tuple[str, ...]
    fault: int = 0
