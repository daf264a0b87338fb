"""Days as text, whatever form their files have, and the memory of those last decompressed.

A window of a long day is read a few pieces at a time, and whoever sends a day again asks once for
each entry: without the memory, each of them would decompress all of it.
"""

import os
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, TypeAlias

from protocol.identifiers import Day, Username

MAX_REMEMBERED_BYTES: Final = 2**24
"""The longest day that clients can write, or some thousand ordinary ones."""


@dataclass(frozen=True, slots=True)
class DayText:
    """All of a day's text, and the status that its file had before it was read."""

    status: os.stat_result
    text: bytes
    is_compressed: bool


_Identity: TypeAlias = tuple[int, int, int]


class RememberedTexts:
    """Texts of compressed days, the least recently used forgotten first; used by one thread.

    A text is given as long as the file is the one it came from, and unchanged since.
    """

    def __init__(self, max_bytes: int = MAX_REMEMBERED_BYTES) -> None:
        """Bound the memory; a longer text is remembered while it is the only one."""
        self._max_bytes = max_bytes
        self._texts: OrderedDict[tuple[Username, Day], tuple[_Identity, bytes]] = OrderedDict()
        self._bytes = 0

    def find(self, user: Username, day: Day, status: os.stat_result) -> bytes | None:
        """Give the text of the file that has this status."""
        known = self._texts.get((user, day))
        if known is None or known[0] != _identity(status):
            return None
        self._texts.move_to_end((user, day))
        return known[1]

    def keep(self, user: Username, day: Day, status: os.stat_result, text: bytes) -> None:
        """Remember a text."""
        self._forget(user, day)
        self._texts[user, day] = _identity(status), text
        self._bytes += len(text)
        while len(self._texts) > 1 and self._bytes > self._max_bytes:
            self._forget(*next(iter(self._texts)))

    def forget_user(self, user: Username) -> None:
        """Drop all texts of a user."""
        for name, day in list(self._texts):
            if name == user:
                self._forget(user, day)

    def _forget(self, user: Username, day: Day) -> None:
        _, text = self._texts.pop((user, day), (None, b""))
        self._bytes -= len(text)


def _identity(status: os.stat_result) -> _Identity:
    return status.st_ino, status.st_size, status.st_ctime_ns
