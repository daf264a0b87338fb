"""How much the store may look into files in a call, and what it was looking at when that was over.

Rules: whatever reads, counts or compares by the file asks here before each piece of it, a few
milliseconds at most. In each call that may look at all one piece is done, and what was found is
kept, so that the same call again comes to an end. What is small goes even without leave, once a
user and call: the first entry of a day must not wait behind those who look.
"""

from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeAlias, TypeVar

from diaryserver.service.ports.entries import UnfinishedError

SMALL_BYTES: Final = 2**15
"""Of a day's file: its ids are found in a fifth of a millisecond."""

SMALL_FOLDER: Final = 2**16
"""Of a diary's folder itself, as file systems count: some thousand names."""

MAX_BEGUN: Final = 4
"""Long looks that are kept until they go on, 16 MiB of text each. Nobody has two while another has
none; of further ones none is kept, so that these come to an end, and whoever begins anew in each
turn waits for that."""

MAX_IDLE: Final = 1024
"""Calls in which a long look was not gone on with, after which nobody seems to wait for it."""

_Found = TypeVar("_Found")
Pieces = Generator[None, None, _Found]
"""A long look: gives way after each piece, and returns what it found."""


Key: TypeAlias = tuple[Any, ...]
"""What a long look is known by: its kind, the user whose diary it is in, and what it is of."""


class Looking:
    """How much may be looked into in the call that runs; used by the store's thread."""

    def __init__(self) -> None:
        """Everything may be looked at, as long as it takes."""
        self._may_look: Callable[[], bool] | None = None
        self._may_begin = True
        self._pieces = 0
        self._favoured: set[tuple[str, str]] = set()
        self._calls = 0
        self._begun: dict[Key, tuple[int, Pieces[Any]]] = {}
        self._is_inside = False

    @property
    def is_bounded(self) -> bool:
        """Tell whether there is a bound."""
        return self._may_look is not None

    @contextmanager
    def bounded(self, may_look: Callable[[], bool]) -> Iterator[None]:
        """As `EntryStore.bounded`."""
        self._may_look, self._may_begin, self._pieces = may_look, may_look(), 0
        self._calls += self._may_begin
        self._favoured.clear()
        try:
            yield
        finally:
            self._may_look, self._may_begin = None, True

    def may_go_on(self) -> bool:
        """Tell whether there is leave for one piece more, after the first."""
        return self._may_look is None or self._may_look()

    def check(self) -> None:
        """Raise UnfinishedError unless there is leave for the piece of work that comes now."""
        self.check_begin()
        self.count()

    def check_begin(self) -> None:
        """Raise UnfinishedError where nothing may be looked at; for what counts its own pieces."""
        if not self._may_begin:
            raise UnfinishedError

    def check_small(self, user: str, what: str, *, is_small: bool) -> None:
        """Do the same, but let what is small pass once for a user."""
        if is_small and not self._may_begin and (user, what) not in self._favoured:
            self._favoured.add((user, what))
            return
        self.check_begin()

    def count(self) -> None:
        """Raise UnfinishedError if the time is over, unless no piece was done yet.

        What this is asked for must be kept when it is done, without a further question in between:
        or the same call would never come further.
        """
        if self._may_begin and self._pieces and not self.may_go_on():
            raise UnfinishedError
        self._pieces += 1

    def at_once(self, pieces: Pieces[_Found]) -> _Found:
        """Give what a short look finds, all of it one piece; raise as `count`."""
        self.count()
        return _all_of(pieces)

    def has_begun(self, key: Key | None) -> bool:
        """Tell whether a long look was begun, and goes on."""
        return key in self._begun

    def finish(self, key: Key, begin: Callable[[], Pieces[_Found]]) -> _Found:
        """Give what a long look finds, or raise UnfinishedError; the same `key` goes on.

        What a piece of another look asks for is done as a whole: it is a part of that piece.
        """
        if self._is_inside:
            return _all_of(begin())
        _, pieces = self._begun.pop(key, (0, None))
        try:
            while True:
                self.check()
                if pieces is None:
                    pieces = begin()
                self._is_inside = True
                try:
                    next(pieces)
                finally:
                    self._is_inside = False
        except StopIteration as ended:
            found: _Found = ended.value
            return found
        except UnfinishedError:
            if pieces is not None:
                self._keep(key, pieces)
            raise

    def _keep(self, key: Key, pieces: Pieces[Any]) -> None:
        kind, user = key[:2]
        for other, (called, _) in list(self._begun.items()):
            # Another of the kind is left alone from now on: what it is of was changed, perhaps.
            if other[:2] == (kind, user) or self._calls - called > MAX_IDLE:
                del self._begun[other]
        if len(self._begun) >= MAX_BEGUN:
            self._make_room(user)
        if len(self._begun) < MAX_BEGUN:
            self._begun[key] = self._calls, pieces

    def _make_room(self, user: str) -> None:
        """Let who has several looks give the least recent one up for a user who has none."""
        looks = Counter(other[1] for other in self._begun)
        several = [other for other in self._begun if looks[other[1]] > 1]
        if several and not looks[user]:
            del self._begun[min(several, key=lambda other: self._begun[other][0])]

    def forget(self) -> None:
        """Drop what was begun: it will be begun anew."""
        self._begun.clear()


def _all_of(pieces: Pieces[_Found]) -> _Found:
    while True:
        try:
            next(pieces)
        except StopIteration as ended:
            found: _Found = ended.value
            return found
