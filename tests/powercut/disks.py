"""What a power cut may leave on a disk. Pure.

What may be left of what was not synced, `ordered` and `loose` say, by one model each.

Rules: each possible state once, as far as that is known before it is made; the mixtures are drawn
from `chance`, so the same record gives the same states.
"""

import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Final, TypeAlias

from tests.powercut.events import (
    ROOT,
    Event,
    Made,
    Marked,
    Removed,
    Renamed,
    Resized,
    Synced,
    Tree,
    Wrote,
)
from tests.powercut.files import Change, Chooser, File

MIXTURES: Final = 16
_UNLIMITED: Final = 2**62
_PARTIAL: Final = 0.3
"""So often a file that grew ends, in a mixture, at a boundary in between."""

_BOUNDARIES: Final = 3
"""At so many block boundaries, drawn, the tail of a growing file ends alone."""

NameChange: TypeAlias = Made | Renamed | Removed
Names: TypeAlias = dict[int, dict[str, int]]
Survival: TypeAlias = Callable[[File, int, int], bytes]
"""Gives what is left of a file, whose size may be that of versions `first` to `last`."""


class Disk(ABC):
    """A file system that events happen to; `states` says what a cut would leave just now."""

    block: int

    def __init__(self, tree: Tree) -> None:
        """All of `tree` is durable."""
        self._files = {node: File([data]) for node, data in tree.files.items()}
        self._names: Names = {node: dict(names) for node, names in tree.folders.items()}

    def apply(self, event: Event) -> None:
        """Let something happen."""
        match event:
            case Wrote(node, offset, data):
                file = self._files[node]
                grows = offset + len(data) > len(file.content)
                file.write(offset, data, self._note(node) if grows else 0)
            case Resized(node, size):
                if size != len(self._files[node].content):
                    self._files[node].resize(size, self._note(node))
            case Synced(failed=True, node=node):
                for file in self._files.values() if node is None else self._file(node):
                    file.fail_sync()
            case Synced(node=node, data_only=data_only):
                self._sync(node, data_only=data_only)
            case Made() | Renamed() | Removed():
                self._change_names(event)
            case Marked():
                pass

    def now(self) -> Tree:
        """Give what a reader sees."""
        names, position = self._all_names()
        return self._tree(names, position, {}, lambda file, *_: file.content)

    def states(self, chance: random.Random) -> Iterator[Tree]:
        """Give states that a cut may leave now; some are equal."""
        doubtful = [node for node, file in self._files.items() if not file.is_clean]
        for names, position in self._main_names():
            yield self._tree(names, position, {}, self._nothing)
            yield self._tree(names, position, {}, self._everything)
        everything, position = self._all_names()
        for node in doubtful:
            file = self._files[node]
            yield self._tree(everything, position, {node: self._nothing}, self._everything)
            yield self._tree(everything, position, {node: self._everything}, self._nothing)
            for survival in self._apart(file, chance):
                yield self._tree(everything, position, {node: survival}, self._everything)
        for names, at in self._names_apart():
            yield self._tree(names, at, {}, self._everything)
        for _ in range(MIXTURES if doubtful or self._is_pending() else 0):
            names, at = self._mixed_names(chance)
            yield self._tree(names, at, {}, lambda *file: self._mixed(chance, *file))

    @abstractmethod
    def _note(self, node: int) -> int:
        """Give the place in the journal of a change of a file's size that comes now."""

    @abstractmethod
    def _sizes(self, file: File, position: int) -> tuple[int, int]:
        """Give the first and last version whose size may be left, with the journal up to there."""

    @abstractmethod
    def _left(self, file: File, sized: int, length: int, chosen: Chooser) -> bytes:
        """As `File.left`, with what the model rules out."""

    @abstractmethod
    def _sync(self, node: int | None, *, data_only: bool) -> None:
        """Make durable."""

    @abstractmethod
    def _change_names(self, change: NameChange) -> None:
        """Change names."""

    @abstractmethod
    def _is_pending(self) -> bool:
        """Tell whether a name is in doubt."""

    @abstractmethod
    def _main_names(self) -> Iterable[tuple[Names, int]]:
        """Give the names that are tried with no and with all bytes, each with its position."""

    @abstractmethod
    def _all_names(self) -> tuple[Names, int]:
        """Give the names as a reader sees them."""

    @abstractmethod
    def _names_apart(self) -> Iterable[tuple[Names, int]]:
        """Give the names with one change alone lost, or kept."""

    @abstractmethod
    def _mixed_names(self, chance: random.Random) -> tuple[Names, int]:
        """Draw names."""

    def _file(self, node: int) -> list[File]:
        return [self._files[node]] if node in self._files else []

    def _tree(
        self, names: Names, position: int, special: dict[int, Survival], usual: Survival
    ) -> Tree:
        folders: Names = {}
        files: dict[int, bytes] = {}
        waiting = [ROOT]
        while waiting:
            folder = waiting.pop()
            folders[folder] = names.get(folder, {})
            for node in folders[folder].values():
                if node not in self._files:
                    waiting.append(node)
                elif node not in files:
                    file = self._files[node]
                    survival = special.get(node, usual)
                    sizes = self._sizes(file, position)
                    files[node] = file.content if file.is_clean else survival(file, *sizes)
        return Tree(files, folders)

    def _nothing(self, file: File, first: int, last: int) -> bytes:  # noqa: ARG002
        return self._left(file, first, _UNLIMITED, lambda _: 0)

    def _everything(self, file: File, first: int, last: int) -> bytes:  # noqa: ARG002
        newest = len(file.changes)
        return self._left(file, last, _UNLIMITED, lambda _: newest)

    def _apart(self, file: File, chance: random.Random) -> Iterator[Survival]:
        """Zeros for the bytes, the end at a block's boundary, each change lost or kept alone."""
        yield self._zeros
        boundaries = [each * self.block for each in file.blocks(self.block)]
        for end in chance.sample(boundaries, min(_BOUNDARIES, len(boundaries))):
            yield partial(self._ending, end=end)
        for index, change in enumerate(file.changes, start=1):
            yield partial(self._without, index=index, blocks=self._blocks(change))
            yield partial(self._with_only, index=index, blocks=self._blocks(change))

    def _blocks(self, change: Change) -> range:
        return range(change.start // self.block, (change.end + self.block - 1) // self.block)

    def _zeros(self, file: File, first: int, last: int) -> bytes:  # noqa: ARG002
        return self._left(file, last, _UNLIMITED, lambda _: 0)

    def _ending(self, file: File, first: int, last: int, *, end: int) -> bytes:
        newest, length = len(file.changes), max(end, len(file.versions[first]))
        return self._left(file, last, length, lambda each: newest * (each * self.block < end))

    def _without(self, file: File, first: int, last: int, *, index: int, blocks: range) -> bytes:  # noqa: ARG002
        newest = len(file.changes)
        return self._left(
            file, last, _UNLIMITED, lambda each: index - 1 if each in blocks else newest
        )

    def _with_only(self, file: File, first: int, last: int, *, index: int, blocks: range) -> bytes:
        sized = min(max(first, index), last)
        return self._left(file, sized, _UNLIMITED, lambda each: index * (each in blocks))

    def _mixed(self, chance: random.Random, file: File, first: int, last: int) -> bytes:
        sized = chance.randint(first, last)
        low, size = sorted((len(file.versions[first]), len(file.versions[sized])))
        if size > low and chance.random() < _PARTIAL:
            size = max(low, chance.randint(low, size) // self.block * self.block)
        choices = {each: chance.randint(0, len(file.changes)) for each in file.blocks(self.block)}
        return self._left(file, sized, size, lambda each: choices[each])


def copy_names(names: Names) -> Names:
    """Give names that change apart."""
    return {node: dict(each) for node, each in names.items()}


def node_of(names: Names, change: NameChange) -> int | None:
    """Give which file or folder a change is of."""
    if isinstance(change, Made):
        return change.node
    return names.get(change.folder, {}).get(change.name)


def apply_change(names: Names, change: NameChange, node: int | None) -> None:
    """Change names; what it was made after may be lost, and then it does what is left to do."""
    here = names.setdefault(change.folder, {})
    match change:
        case Made(name=name, node=made, is_folder=is_folder):
            here[name] = made
            if is_folder:
                names.setdefault(made, {})
        case Removed(name=name):
            here.pop(name, None)
        case Renamed(name=name, new_folder=new_folder, new_name=new_name):
            if here.get(name) == node:
                here.pop(name, None)
            if node is not None:
                names.setdefault(new_folder, {})[new_name] = node
