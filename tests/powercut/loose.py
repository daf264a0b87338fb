"""Loose order: what a cut may leave by what POSIX promises, and not one thing more. Pure.

Between two syncs every change of a name, a size or 512 bytes may be left or lost by itself; a sync
of a file keeps its bytes and not its name, a sync of a folder its names. A rename is one change: no
file system that Linux has tears one, and a sync of either folder keeps it. A name is in a folder
once: a file made under a name that another one had is not left without the change that set the name
free.
"""

import random
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import combinations, count
from typing import Final

from tests.powercut.disks import (
    Disk,
    NameChange,
    Names,
    Survival,
    apply_change,
    copy_names,
    node_of,
)
from tests.powercut.events import Made, Renamed, Tree
from tests.powercut.files import Chooser, File

SECTOR: Final = 512
_EVEN: Final = 0.5


class LooseDisk(Disk):
    """Loose order."""

    block = SECTOR

    def __init__(self, tree: Tree) -> None:
        super().__init__(tree)
        self._numbers = count()
        self._changes: list[_Loose] = []
        """All in their order, from the first one on that may be lost."""

    def _note(self, node: int) -> int:  # noqa: ARG002 - no order, so no place in it
        return 0

    def _sizes(self, file: File, position: int) -> tuple[int, int]:  # noqa: ARG002 - as above
        return 0, len(file.changes)

    def _left(self, file: File, sized: int, length: int, chosen: Chooser) -> bytes:
        return file.left(sized, length, self.block, chosen)

    def _change_names(self, change: NameChange) -> None:
        if isinstance(change, Made) and not change.is_folder:
            self._files[change.node] = File()
        node = node_of(self._all_names()[0], change)
        self._changes.append(_Loose(change, node, next(self._numbers)))

    def _sync(self, node: int | None, *, data_only: bool) -> None:  # noqa: ARG002 - size is data
        for file in self._files.values() if node is None else self._file(node):
            file.sync()
        for each in self._changes:
            each.is_durable |= node is None or node in each.folders()
        while self._changes and self._changes[0].is_durable:
            first = self._changes.pop(0)
            apply_change(self._names, first.change, first.node)

    def without(self, kept: "LooseDisk") -> Tree:
        """Give what is left if just that is lost which `kept` has kept, by syncs that we had not.

        Else the same happened to both.
        """
        there = {each.number for each in kept._pending()}
        names, position = self._with([each for each in self._pending() if each.number in there])
        special: dict[int, Survival] = {
            node: partial(self._last_only, number=len(kept._files[node].changes))
            for node, file in self._files.items()
            if len(file.changes) > len(kept._files[node].changes)
        }
        return self._tree(names, position, special, self._everything)

    def synced(self) -> Tree:
        """Give what is left if nothing is that was not synced."""
        names, position = self._with(())
        return self._tree(names, position, {}, self._nothing)

    def _last_only(self, file: File, first: int, last: int, *, number: int) -> bytes:  # noqa: ARG002
        changes = file.changes[len(file.changes) - number :]
        blocks = {block for each in changes for block in self._blocks(each)}
        sized = last if any(each.grows or each.is_cut for each in changes) else 0
        newest = len(file.changes)
        length = len(file.versions[sized])
        return self._left(file, sized, length, lambda each: newest * (each in blocks))

    def _pending(self) -> list["_Loose"]:
        return [each for each in self._changes if not each.is_durable]

    def _is_pending(self) -> bool:
        return bool(self._changes)

    def _with(self, chosen: Collection["_Loose"]) -> tuple[Names, int]:
        left = [each for each in self._changes if each.is_durable or each in chosen]
        made = {(each.change.folder, each.change.name): each for each in left if each.is_making()}
        names = copy_names(self._names)
        for each in self._changes:
            later = made.get((each.change.folder, each.change.name))
            if each in left or (later and each.comes_before(later)):
                apply_change(names, each.change, each.node)
        return names, 0

    def _main_names(self) -> Iterator[tuple[Names, int]]:
        yield self._with(())
        yield self._all_names()

    def _all_names(self) -> tuple[Names, int]:
        return self._with(self._changes)

    def _names_apart(self) -> Iterator[tuple[Names, int]]:
        pending = self._pending()
        if len(pending) > 1:
            for others in combinations(pending, len(pending) - 1):
                yield self._with(others)
            for change in pending:
                yield self._with([change])

    def _mixed_names(self, chance: random.Random) -> tuple[Names, int]:
        return self._with([each for each in self._pending() if chance.random() < _EVEN])


@dataclass(eq=False)
class _Loose:
    """A change of a name, of which file or folder, and whether a sync has kept it."""

    change: NameChange
    node: int | None
    number: int
    is_durable: bool = False

    def is_making(self) -> bool:
        """Tell whether it needs its name to be free."""
        return isinstance(self.change, Made)

    def comes_before(self, making: "_Loose") -> bool:
        """Tell whether it set the name free for that, so that this cannot be left without it."""
        return self.number < making.number and not self.is_making()

    def folders(self) -> set[int]:
        """Give the folders whose syncs keep it."""
        change = self.change
        return (
            {change.folder, change.new_folder} if isinstance(change, Renamed) else {change.folder}
        )
