"""Shows on a terminal how far a long command is; into a file or a pipe it writes nothing."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Final, TypeVar

import click

from diaryclient.diary.writer import Writer

SHOWN_AFTER: Final = 1.0
"""Seconds; what is done earlier needs no bar."""

_Item = TypeVar("_Item")


@contextmanager
def progress(label: str, total: int, *, shown: bool = True) -> Iterator[Callable[[int], None]]:
    """Give what is told how much of `total` is done by now; the bar stands on standard error."""
    is_hidden = not (shown and total and sys.stderr.isatty())
    with click.progressbar(length=total, label=label, file=sys.stderr, hidden=is_hidden) as bar:
        yield lambda done: bar.update(done - bar.pos)


class LateBar:
    """A bar of what the diary reads or sends, from when that has taken a while."""

    def __init__(self, writer: Writer, label: str) -> None:
        """Show nothing yet, and nothing at all unless standard error is a terminal."""
        self._clock = writer.asker.clock
        self._label = label
        self._begun = self._clock.instant().monotonic
        self._stack = ExitStack()
        self._advance: Callable[[int], None] | None = None
        self._is_over = not sys.stderr.isatty()

    def told(self, done: int, total: int) -> None:
        """Be told how far it is; from nothing done on, something else is under way."""
        if self._is_over:
            return
        if not done:
            self.rest()
        elif self._advance:
            self._advance(done)
        elif done < total and self._clock.instant().monotonic - self._begun >= SHOWN_AFTER:
            self._advance = self._stack.enter_context(progress(self._label, total))
            self._advance(done)

    def before(self, items: Iterable[_Item]) -> Iterator[_Item]:
        """Give items, and end for good before the first, since that is to be seen there too."""
        for item in items:
            self.close()
            yield item

    def between(self, items: Iterable[_Item]) -> Iterator[_Item]:
        """Give items, and end the bar's line before each, since something is said of it there."""
        for item in items:
            self.rest()
            yield item

    def rest(self) -> None:
        """End the bar's line, if there is one; what takes long from now on gets another."""
        self._stack.close()
        self._advance = None
        self._begun = self._clock.instant().monotonic

    def close(self) -> None:
        """End the bar's line, if there is one, and show nothing more."""
        self._is_over = True
        self._stack.close()


@contextmanager
def late_bar(writer: Writer, label: str) -> Iterator[LateBar]:
    """Show how far the diary is with something long; the label says what it does."""
    bar = LateBar(writer, label)
    before, writer.asker.told = writer.asker.told, bar.told
    try:
        yield bar
    finally:
        writer.asker.told = before
        bar.close()
