"""The ids of a day file's records, the newest by heart.

An id is a UUIDv7, so ids sort by when they were made, and nearly every id that comes is newer than
all there are. So the newest few tell of nearly every id whether it is new; of an older one only the
file can tell. However much is written on a day, its memory stays as small.
"""

from bisect import bisect_left
from collections.abc import Iterable
from typing import Final

from protocol.identifiers import ENTRY_ID_BYTES

MAX_NEWEST: Final = 512
"""Of a day, 8 KiB: more than anybody writes by hand, and twice what one batch can hold."""


class DayIds:
    """A set of ids that is exact for the newest, and says so of what it has forgotten."""

    __slots__ = ("_forgot", "_last", "_most", "_packed")

    def __init__(self, ids: Iterable[bytes] = (), limit: int = MAX_NEWEST) -> None:
        """Know these ids, which are different ones."""
        self._most = limit * ENTRY_ID_BYTES
        self._forgot = False
        self._packed = bytearray()
        self._last = b""
        self.add(ids)

    def __len__(self) -> int:
        """Give how many are known by heart."""
        return len(self._packed) // ENTRY_ID_BYTES

    def find(self, entry_id: bytes) -> bool | None:
        """Tell whether an id is one of them; None if only the file can tell."""
        if entry_id > self._last:
            return False
        if self._forgot and entry_id < self._packed[:ENTRY_ID_BYTES]:
            return None
        return self._at(self._place(entry_id)) == entry_id

    def add(self, ids: Iterable[bytes]) -> int:
        """Know further ids, none of which is there; give how many more are known by heart."""
        packed = self._packed
        before = len(packed)
        for entry_id in ids:
            if entry_id > self._last:
                packed += entry_id
                self._last = entry_id
            else:
                start = self._place(entry_id) * ENTRY_ID_BYTES
                packed[start:start] = entry_id
        if len(packed) > self._most:
            self._forgot = True
            del packed[: len(packed) - self._most]
        return (len(packed) - before) // ENTRY_ID_BYTES

    def _place(self, entry_id: bytes) -> int:
        return bisect_left(range(len(self)), entry_id, key=self._at)

    def _at(self, place: int) -> bytes:
        return bytes(self._packed[place * ENTRY_ID_BYTES : (place + 1) * ENTRY_ID_BYTES])
