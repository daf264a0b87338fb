"""Ordered metadata: what a cut may leave on ext4 with data=ordered, and on xfs. Pure.

Names and sizes change in the order of one journal, of which a cut leaves a prefix. Bytes that were
not synced are there, or not, or in part, page by page, or zeros up to the new size. A sync of a
file writes its bytes and commits the journal as far as the file's own last change in it, its new
size included; so does that of a folder.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from tests.powercut.disks import Disk, NameChange, Names, apply_change, copy_names, node_of
from tests.powercut.events import Made, Renamed, Tree
from tests.powercut.files import PAGE, Chooser, File


class OrderedDisk(Disk):
    """Ordered metadata."""

    block = PAGE

    def __init__(self, tree: Tree) -> None:
        super().__init__(tree)
        self._journal: list[_Journalled] = []

    def _note(self, node: int) -> int:
        self._journal.append(_Journalled(frozenset({node}), frozenset({node})))
        return len(self._journal)

    def _sizes(self, file: File, position: int) -> tuple[int, int]:
        return file.size_range(position)

    def _left(self, file: File, sized: int, length: int, chosen: Chooser) -> bytes:
        def reachable(block: int) -> int:
            return file.reachable(block * self.block, sized, chosen(block))

        return file.left(sized, length, self.block, reachable)

    def _change_names(self, change: NameChange) -> None:
        folders = {change.folder}
        if isinstance(change, Renamed):
            folders.add(change.new_folder)
        moved = node_of(self._all_names()[0], change)
        others = {moved} if moved is not None else set()
        is_new = isinstance(change, Made)
        if isinstance(change, Made) and not change.is_folder:
            self._files[change.node] = File()
        by_all, by_data = folders | others, folders | (others if is_new else set())
        self._journal.append(_Journalled(frozenset(by_all), frozenset(by_data), change, moved))

    def _sync(self, node: int | None, *, data_only: bool) -> None:
        if node is None:
            self._commit(len(self._journal))
            for file in self._files.values():
                file.sync()
            return
        for file in self._file(node):
            if any(each.grows for each in file.changes):
                # Its new size is put into the journal now, behind all that is there.
                self._commit(len(self._journal))
            file.sync()
        touched = [
            place
            for place, each in enumerate(self._journal, start=1)
            if node in (each.by_data if data_only else each.by_all)
        ]
        if touched:
            self._commit(touched[-1])

    def _commit(self, position: int) -> None:
        for each in self._journal[:position]:
            each.apply(self._names)
        del self._journal[:position]
        for file in self._files.values():
            file.rebase(position)

    def _is_pending(self) -> bool:
        return bool(self._journal)

    def _main_names(self) -> Iterator[tuple[Names, int]]:
        names = copy_names(self._names)
        yield names, 0
        for position, each in enumerate(self._journal, start=1):
            if each.change is not None:
                names = copy_names(names)
                each.apply(names)
            yield names, position

    def _all_names(self) -> tuple[Names, int]:
        names = copy_names(self._names)
        for each in self._journal:
            each.apply(names)
        return names, len(self._journal)

    def _names_apart(self) -> Iterator[tuple[Names, int]]:
        yield from ()  # a journal's changes are lost from its end only

    def _mixed_names(self, chance: random.Random) -> tuple[Names, int]:
        return chance.choice(list(self._main_names()))


@dataclass(frozen=True)
class _Journalled:
    """A change in the journal, and who was changed by it: which fsync, which fdatasync commits it.

    `change` None: a file's size.
    """

    by_all: frozenset[int]
    by_data: frozenset[int]
    change: NameChange | None = None
    node: int | None = None

    def apply(self, names: Names) -> None:
        """Change the names."""
        if self.change is not None:
            apply_change(names, self.change, self.node)
