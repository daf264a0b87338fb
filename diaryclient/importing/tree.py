"""Finds the files below a folder, and never leaves it.

Rules: every name is opened below a descriptor of the folder, one folder after the other and without
following links; a link is followed by reading it, and what it says is gone through in the same way,
so whatever changes meanwhile, nothing outside is opened. A link that leads out, into a circle, or
to nothing is an oddity. A file is found once, by its own name unless only a link's is wanted;
hard links are files of their own. Hidden names are not looked at, which is told, unless a link
leads there.
"""

import errno
import os
import stat
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Final, TypeAlias

from diaryclient.errors import SourceError
from diaryclient.importing.finding import Oddity
from diaryclient.importing.source import opened_file

MAX_NAMES: Final = 100_000
"""A file a day for centuries; who names the wrong folder is told so before all of it was read."""

MAX_DEPTH: Final = 32
"""Folders in folders; a diary has year, month and day. Each is opened again for each file in it."""

MAX_LINKS: Final = 40
"""Links behind one link, as Linux has it."""

MAX_STEPS: Final = 200_000
"""Names on the ways that all links lead, each a file system call or some; ten thousand links have a
quarter of it, and hostile ones go to and fro."""

HIDDEN: Final = "hidden, not looked at"
_FOLDER_FLAGS: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_Place: TypeAlias = tuple[str, ...]
"""The names that lead from the folder to something in it; none is a link, `.` or `..`."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A name that is no folder: as people see it, with `/` and through links, and where it is."""

    name: str
    place: _Place


class _LeavesError(Exception):
    """A link leads out of the folder."""


class Tree:
    """An open folder that a person named."""

    def __init__(self, root: int, path: Path, is_wanted: Callable[[str], bool]) -> None:
        """`root` is the descriptor of the folder at `path`; `is_wanted` judges names of files."""
        self._root = root
        self._bases = {os.path.abspath(path), os.path.realpath(path)}  # noqa: PTH100 - not resolved
        self._is_wanted = is_wanted
        self._leaves = dict[str, Leaf]()
        self._by_place = dict[_Place, Leaf]()
        self._by_identity = dict[tuple[int, int], Leaf]()
        self._links = deque[Leaf]()
        self._hidden = list[tuple[Leaf, tuple[int, int]]]()
        self._oddities = list[Oddity]()
        self._visited = set[tuple[int, int]]()
        self._names = 0
        self._steps = 0

    def look(self) -> list[Leaf | Oddity]:
        """Give everything below the folder, by name; raise SourceError if it is too much."""
        self._walk("", ())
        while self._links:
            self._follow(self._links.popleft())
        hidden = [
            Oddity(leaf.name, HIDDEN)
            for leaf, identity in self._hidden
            if identity not in self._visited and leaf.place not in self._by_place
        ]
        return sorted([*self._leaves.values(), *self._oddities, *hidden], key=_name)

    @contextmanager
    def opened(self, leaf: Leaf) -> Iterator[BinaryIO]:
        """Open a file that was found; raise NotRegularError or another OSError."""
        *folders, name = leaf.place
        with self._opened_folder(tuple(folders)) as folder, opened_file(name, folder) as file:
            yield file

    def _walk(self, name: str, place: _Place) -> None:
        waiting = [Leaf(name, place)]
        while waiting:
            here = waiting.pop()
            try:
                with self._opened_folder(here.place) as folder:
                    waiting += self._folders_in(folder, here)
            except OSError as error:
                self._leave_out(here.name, f"cannot be read: {error.strerror}")

    def _folders_in(self, folder: int, here: Leaf) -> list[Leaf]:
        """Note what is in a folder, and give the folders that are still to be looked into."""
        identity = _identity(os.fstat(folder))
        if identity in self._visited:
            return []
        self._visited.add(identity)
        folders, links = list[Leaf](), list[Leaf]()
        with os.scandir(folder) as names:
            for each in names:
                self._count()
                leaf = Leaf(f"{here.name}/{each.name}".lstrip("/"), (*here.place, each.name))
                if each.name.startswith("."):
                    self._hidden.append((leaf, _identity(each.stat(follow_symlinks=False))))
                elif each.is_symlink():
                    links.append(leaf)
                elif not each.is_dir(follow_symlinks=False):
                    identity = _identity(each.stat(follow_symlinks=False))
                    self._take(leaf, identity, self._by_place.get(leaf.place))
                elif len(leaf.place) > MAX_DEPTH:
                    self._leave_out(leaf.name, f"lies deeper than {MAX_DEPTH} folders")
                else:
                    folders.append(leaf)
        self._links.extend(sorted(links, key=_name))
        return folders

    def _take(self, leaf: Leaf, identity: tuple[int, int], known: Leaf | None) -> None:
        """Take a file, unless it is `known` by a name that serves as well."""
        if known and (self._is_wanted(known.name) or not self._is_wanted(leaf.name)):
            return
        if known:
            del self._leaves[known.name]
        self._leaves[leaf.name] = self._by_place[leaf.place] = leaf
        if known or identity not in self._by_identity:
            self._by_identity[identity] = leaf

    def _follow(self, link: Leaf) -> None:
        try:
            place = self._resolve(link.place)
            status = self._status(place)
        except _LeavesError:
            self._leave_out(link.name, "is a link that leads out of the folder")
        except OSError as error:
            self._leave_out(link.name, f"is a link that leads nowhere: {error.strerror}")
        else:
            if stat.S_ISDIR(status.st_mode):
                self._walk(link.name, place)
            else:
                identity = _identity(status)
                known = self._by_place.get(place) or self._by_identity.get(identity)
                self._take(replace(link, place=place), identity, known)

    def _resolve(self, place: _Place) -> _Place:
        """Follow every link on a way; raise _LeavesError, or OSError if it has no end."""
        rest, real = deque(place), list[str]()
        links = 0
        while rest:
            name = rest.popleft()
            self._count_step()
            if links > MAX_LINKS or len(real) > MAX_DEPTH:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
            if name == "..":
                if not real:
                    raise _LeavesError
                real.pop()
            elif target := self._link_at(tuple(real), name):
                links += 1
                real = [] if target.startswith("/") else real
                rest.extendleft(reversed(self._names_of(target)))
            else:
                real.append(name)
        return tuple(real)

    def _link_at(self, folder: _Place, name: str) -> str:
        """Give what a link says, empty if the name is no link; raise OSError."""
        with self._opened_folder(folder) as descriptor:
            status = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
            is_link = stat.S_ISLNK(status.st_mode)
            return os.readlink(name, dir_fd=descriptor) if is_link else ""

    def _names_of(self, target: str) -> list[str]:
        """Give the names on a link's way, from the folder if it begins at the root of all."""
        if target.startswith("/"):
            base = next((each for each in self._bases if _is_below(target, each)), None)
            if base is None:
                raise _LeavesError
            target = target[len(base) :]
        return [name for name in target.split("/") if name not in {"", "."}]

    def _status(self, place: _Place) -> os.stat_result:
        if not place:
            return os.fstat(self._root)
        with self._opened_folder(place[:-1]) as folder:
            return os.stat(place[-1], dir_fd=folder, follow_symlinks=False)

    @contextmanager
    def _opened_folder(self, place: _Place) -> Iterator[int]:
        folder = os.dup(self._root)
        try:
            for name in place:
                below = os.open(name, _FOLDER_FLAGS | os.O_NOFOLLOW, dir_fd=folder)
                os.close(folder)
                folder = below
            yield folder
        finally:
            os.close(folder)

    def _leave_out(self, name: str, words: str) -> None:
        self._oddities.append(Oddity(name, words, is_skipped=True))

    def _count(self) -> None:
        self._names += 1
        if self._names > MAX_NAMES:
            raise SourceError(f"it holds more than {MAX_NAMES} files; import it in parts")

    def _count_step(self) -> None:
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise SourceError("its links lead too far; copy the files that are meant")


@contextmanager
def opened_tree(path: Path, is_wanted: Callable[[str], bool]) -> Iterator[Tree]:
    """Open a folder, which may be a link since a person named it; raise OSError."""
    root = os.open(path, _FOLDER_FLAGS)
    try:
        yield Tree(root, path, is_wanted)
    finally:
        os.close(root)


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _is_below(path: str, base: str) -> bool:
    return path == base or path.startswith(f"{base.rstrip('/')}/")


def _name(found: Leaf | Oddity) -> str:
    return found.name if isinstance(found, Leaf) else found.place
