"""Shows on a terminal how far a long command is; into a file or a pipe it writes nothing."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click


@contextmanager
def progress(label: str, total: int, *, shown: bool = True) -> Iterator[Callable[[int], None]]:
    """Give what is told how much of `total` is done by now; the bar stands on standard error."""
    is_hidden = not (shown and total and sys.stderr.isatty())
    with click.progressbar(length=total, label=label, file=sys.stderr, hidden=is_hidden) as bar:
        yield lambda done: bar.update(done - bar.pos)
