"""Requests that come in parts, until they are whole: the pure core.

Rules: neither clock nor loop in here. Nothing is lost with what is forgotten, be it after its time,
for somebody else's sake or in a restart: the sender is told which parts are there and sends the
others again. So every bound may be kept by forgetting, and one person's parts never keep another's
out for longer than `QUIET_SECONDS`.
"""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from protocol.errors import BusyError, InvalidRequestError
from protocol.identifiers import EntryId
from protocol.messages.parts import PART_BYTES, Part, bitmap_of

MAX_OPEN: Final = 4
"""Of one user: somebody's devices, and the text that an interrupted command left behind."""

MAX_BYTES: Final = 64 * 2**20
"""Of all users, counted by what was announced: 250 of the longest texts at once."""

LIFE_SECONDS: Final = 600.0
"""From the first part on. The longest text takes that at 440 bytes a second."""

QUIET_SECONDS: Final = 30.0
"""Without a part; a client gives up after six, so what is silent for longer makes room."""

MAX_DONE: Final = 4096
"""Answers that are remembered, some 200 bytes each, for who did not hear them."""

Key: TypeAlias = tuple[bytes, EntryId, bytes]
"""Whose it is (the user's uid), its id and its digest."""


@dataclass(slots=True)
class Assembly:
    """One request on its way; times in seconds."""

    key: Key
    count: int
    begun: float
    heard: float
    pieces: dict[int, bytes] = field(default_factory=dict, repr=False)

    @property
    def size(self) -> int:
        """The bytes that it may come to have."""
        return self.count * PART_BYTES

    @property
    def is_whole(self) -> bool:
        """Tell whether no part is missing."""
        return len(self.pieces) == self.count

    def bitmap(self) -> bytes:
        """Give which parts are there, as `Received` has it."""
        return bitmap_of(self.pieces, self.count)

    def joined(self) -> bytes:
        """Give the whole; raise InvalidRequestError if it is not what was announced."""
        whole = b"".join(self.pieces[number] for number in range(self.count))
        if hashlib.sha256(whole).digest() != self.key[2]:
            raise InvalidRequestError("the parts do not make what their digest says")
        return whole


class Assemblies:
    """All requests that are on their way, and the answers to those that were whole."""

    def __init__(self) -> None:
        """Nothing is on its way."""
        self._open: OrderedDict[Key, Assembly] = OrderedDict()
        self._done: OrderedDict[Key, tuple[float, bytes]] = OrderedDict()
        self._writing: set[Key] = set()
        self._bytes = 0

    def __len__(self) -> int:
        """Give how many are remembered, in whatever state."""
        return len(self._open) + len(self._done)

    @property
    def size(self) -> int:
        """The bytes that those on their way may come to have."""
        return self._bytes

    def open_keys(self) -> set[Key]:
        """Give what is on its way."""
        return set(self._open)

    def take(self, uid: bytes, part: Part, now: float) -> Assembly:
        """Take a part in, at `now` (seconds that never step back), and give what it belongs to.

        Raise InvalidRequestError for a part that cannot belong to it, BusyError where there is no
        room.
        """
        is_last = part.number == part.count - 1
        if part.number >= part.count or (not is_last and len(part.data) != PART_BYTES):
            raise InvalidRequestError(f"every part but the last has {PART_BYTES} bytes")
        key = uid, part.id, part.digest
        assembly = self._open.get(key) or self._begin(key, part.count, now)
        if assembly.count != part.count:
            raise InvalidRequestError("the parts do not agree how many they are")
        assembly.heard = now
        assembly.pieces.setdefault(part.number, part.data)
        return assembly

    def answer(self, uid: bytes, part: Part) -> bytes | None:
        """Give what was answered to the whole that a part belongs to; None if it was not yet."""
        found = self._done.get((uid, part.id, part.digest))
        return found[1] if found else None

    def hold(self, assembly: Assembly) -> None:
        """Keep an assembly until `done` or `let_go`, whatever its time: it is being written."""
        self._writing.add(assembly.key)

    def let_go(self, assembly: Assembly) -> None:
        """Hold it no longer: it was not written, and may be asked for again."""
        self._writing.discard(assembly.key)

    def done(self, assembly: Assembly, answer: bytes, now: float) -> None:
        """Forget the parts, and remember what was answered."""
        self.forget(assembly)
        self._done[assembly.key] = now, answer
        if len(self._done) > MAX_DONE:
            self._done.popitem(last=False)

    def forget(self, assembly: Assembly) -> None:
        """Forget the parts."""
        self._writing.discard(assembly.key)
        if self._open.pop(assembly.key, None):
            self._bytes -= assembly.size

    def sweep(self, now: float) -> None:
        """Forget what is older than `LIFE_SECONDS`, but for what is held."""
        for assembly in list(self._open.values()):
            if now - assembly.begun >= LIFE_SECONDS and assembly.key not in self._writing:
                self.forget(assembly)
        while self._done and now - next(iter(self._done.values()))[0] >= LIFE_SECONDS:
            self._done.popitem(last=False)

    def _begin(self, key: Key, count: int, now: float) -> Assembly:
        self.sweep(now)
        own = [each for each in self._open.values() if each.key[0] == key[0]]
        if len(own) >= MAX_OPEN and not self._forget_quietest(own, now):
            raise BusyError(f"{MAX_OPEN} long texts are on their way already")
        new = Assembly(key, count, now, now)
        while self._bytes + new.size > MAX_BYTES:
            if not self._forget_quietest(list(self._open.values()), now):
                raise BusyError("too many long texts are on their way")
        self._open[key] = new
        self._bytes += new.size
        return new

    def _forget_quietest(self, among: list[Assembly], now: float) -> bool:
        quiet = [
            each
            for each in among
            if now - each.heard >= QUIET_SECONDS and each.key not in self._writing
        ]
        if quiet:
            self.forget(min(quiet, key=lambda each: each.heard))
        return bool(quiet)
