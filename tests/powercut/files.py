"""One file between its last sync and a power cut: which bytes may be left of it. Pure.

A file is a list of versions, one after each change since the last sync; the first one is on the
disk, the last one is what a reader sees. Its pages go to the disk whole and in any order, each in
any of its versions, and its size at a time of its own.

Rules: a sync that failed has dropped the pages that it was to write. They stay readable and count
as clean, so a later sync does not write them, unless something was written into them meanwhile.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

PAGE: Final = 4096
"""What the page cache writes at once, on the machines this runs on."""

Chooser: TypeAlias = Callable[[int], int]
"""Gives the version, by its index, that a block is left in."""


@dataclass(frozen=True, slots=True)
class Change:
    """A change of a file since its last sync.

    `position` is its place in the journal of names and sizes, 0 if it is there already or changed
    no size. `is_cut`: the size was set, and is in that journal by itself; `grows`: the file became
    longer, which is put there with its bytes, some time later.
    """

    position: int
    start: int
    end: int
    is_cut: bool = False
    grows: bool = False


@dataclass(slots=True)
class File:
    """A file's versions, and the pages that failed syncs have dropped."""

    versions: list[bytes] = field(default_factory=lambda: [b""])
    changes: list[Change] = field(default_factory=list)
    dropped: set[int] = field(default_factory=set)

    @property
    def content(self) -> bytes:
        """What a reader sees."""
        return self.versions[-1]

    @property
    def is_clean(self) -> bool:
        """Whether nothing of it is in doubt."""
        return len(self.versions) == 1

    def copy(self) -> "File":
        """Give one that changes apart."""
        return File(list(self.versions), list(self.changes), set(self.dropped))

    def write(self, offset: int, data: bytes, position: int) -> None:
        """Put bytes there; `position` counts only if that makes it longer."""
        old, end = self.content, offset + len(data)
        new = old[:offset].ljust(offset, b"\0") + data + old[end:]
        grows = len(new) > len(old)
        start = min(offset, len(old))
        self._change(new, Change(position, start, end, grows=grows))

    def resize(self, size: int, position: int) -> None:
        """Cut it, or prolong it with zeros."""
        old = self.content
        start, end = sorted((size, len(old)))
        self._change(old[:size].ljust(size, b"\0"), Change(position, start, end, is_cut=True))

    def sync(self) -> None:
        """Put what is dirty on the disk."""
        if not self.dropped:
            self.versions, self.changes = [self.content], []
            return
        disk = self._with_old_pages(self.dropped)
        # A dropped page may have been written all the same: both are possible, for ever.
        self.versions = [disk, self.content]
        self.changes = [Change(0, 0, len(disk))]

    def rebase(self, position: int) -> None:
        """Count positions from there on: what came before is in the journal on the disk."""
        self.changes = [
            replace(each, position=max(0, each.position - position)) for each in self.changes
        ]

    def fail_sync(self) -> None:
        """Drop the pages that are dirty."""
        old, new = self.versions[0], self.content
        pages = range((max(len(old), len(new)) + PAGE - 1) // PAGE)
        self.dropped |= {each for each in pages if _page(old, each) != _page(new, each)}

    def size_range(self, position: int) -> tuple[int, int]:
        """Give the first and last version whose size a disk may show, the journal being there."""
        allowed = [0]
        for index, change in enumerate(self.changes, start=1):
            if change.position > position:
                break
            allowed = [index] if change.is_cut else [*allowed, index]
        return allowed[0], allowed[-1]

    def blocks(self, size: int) -> Iterator[int]:
        """Give the numbers of the blocks of `size` bytes that differ between versions."""
        last = max(map(len, self.versions))
        for block in range((last + size - 1) // size):
            part = slice(block * size, (block + 1) * size)
            if any(each[part] != self.versions[0][part] for each in self.versions[1:]):
                yield block

    def left(self, sized: int, length: int, block: int, chosen: Chooser) -> bytes:
        """Give what a cut leaves: the size of version `sized`, but `length` bytes at most.

        `chosen` says in which version each block of `block` bytes is left.
        """
        length = min(length, len(self.versions[sized]))
        left = bytearray(self.versions[0][:length].ljust(length, b"\0"))
        for number in self.blocks(block):
            start, end = number * block, min((number + 1) * block, length)
            if start < end:
                left[start:end] = self._block(chosen(number), sized, start, end)
        return bytes(left)

    def reachable(self, start: int, sized: int, wanted: int) -> int:
        """Give the version of a block that can be left where the disk shows the size of `sized`.

        Once a file was cut before the block, what is written there later is in other blocks of the
        disk, which nothing leads to before the cut is in the journal.
        """
        for index in range(sized + 1, wanted + 1):
            if len(self.versions[index]) <= start:
                return index - 1
        return wanted

    def _block(self, version: int, sized: int, start: int, end: int) -> bytes:
        # Behind a cut that the disk shows there is nothing old: what was cut off reads as zeros.
        cuts = [
            len(self.versions[index])
            for index in range(version + 1, sized + 1)
            if self.changes[index - 1].is_cut
        ]
        stop = max(start, min([end, *cuts]))
        return self.versions[version][start:stop].ljust(end - start, b"\0")

    def _change(self, new: bytes, change: Change) -> None:
        self.dropped -= set(range(change.start // PAGE, (change.end + PAGE - 1) // PAGE))
        self.versions.append(new)
        self.changes.append(change)

    def _with_old_pages(self, pages: set[int]) -> bytes:
        old, disk = self.versions[0], bytearray(self.content)
        for page in pages:
            part = slice(page * PAGE, min((page + 1) * PAGE, len(disk)))
            if part.start < part.stop:
                disk[part] = old[part].ljust(part.stop - part.start, b"\0")
        return bytes(disk)


def _page(data: bytes, number: int) -> bytes:
    return data[number * PAGE : (number + 1) * PAGE]
