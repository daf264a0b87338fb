"""Prints entries in a format: to a pipe as they come, to a terminal with colours and a pager.

Rules: the terminal decides about width, colours and pager, never about what is said; `NO_COLOR`
and a terminal that calls itself dumb have no colours. A pager is started only for what does not fit
the screen. What went wrong is told on standard error, after the entries.
"""

import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Final, TypeVar

import click

from diaryclient.browsing.browsing import Page
from diaryclient.formats.pretty import Look
from diaryclient.formats.printed import FORMATS, SHOWS_FOREIGN
from diaryclient.screen.streams import is_unheard

_DUMB: Final = frozenset({"dumb", "unknown", ""})

_Command = TypeVar("_Command", bound=Callable[..., None])


@dataclass(frozen=True, slots=True)
class Output:
    """How a command is asked to print entries."""

    form: str
    has_pager: bool
    environment: Mapping[str, str]

    def show(self, pages: Iterable[Page]) -> bool:
        """Print pages as they come; tell whether there was anything in them."""
        tally = Tally()
        look = look_of_stdout(self.environment)
        self._print(FORMATS[self.form](tally.counted(pages), look))
        tally.report(shown=self.form == SHOWS_FOREIGN)
        return tally.has_content

    def _print(self, pieces: Iterator[str]) -> None:
        if not (self.has_pager and sys.stdout.isatty() and self._wants_pager()):
            for piece in pieces:
                click.echo(piece, nl=False)
                if is_unheard():
                    return
            return
        begun: list[str] = []
        rows = shutil.get_terminal_size().lines
        for piece in pieces:
            begun.append(piece)
            rows -= piece.count("\n")
            if rows <= 0:
                with click.get_pager_file() as pager:
                    for each in chain(begun, pieces):
                        pager.write(each)
                        pager.flush()
                return
        click.echo("".join(begun), nl=False)

    def _wants_pager(self) -> bool:
        return self.environment.get("PAGER") != "" and not _is_dumb(self.environment)


def look_of_stdout(environment: Mapping[str, str]) -> Look:
    """Give the width and colours of standard output; a pipe or a file has neither."""
    if not sys.stdout.isatty():
        return Look()
    is_plain = environment.get("NO_COLOR") or _is_dumb(environment)
    return Look(shutil.get_terminal_size().columns, has_colours=not is_plain)


def _is_dumb(environment: Mapping[str, str]) -> bool:
    return environment.get("TERM", "") in _DUMB


class Tally:
    """Counts what passes by: `entries`, and lines that are none."""

    def __init__(self) -> None:
        """Nothing has passed by yet."""
        self.entries = 0
        self.has_content = False
        self._foreign: list[int] = []

    def counted(self, pages: Iterable[Page]) -> Iterator[Page]:
        """Give the pages on as they come."""
        for page in pages:
            self.entries += len(page.entries)
            self.has_content |= bool(page.entries or page.foreign)
            self._foreign.append(len(page.foreign))
            yield page

    def report(self, *, shown: bool) -> None:
        """Tell on standard error of lines that are no entries, and whether they were `shown`."""
        count = sum(self._foreign)
        if count:
            lines = "1 line is no entry" if count == 1 else f"{count} lines are no entries"
            where = "shown behind `? `" if shown else f"left out; --format {SHOWS_FOREIGN} shows it"
            click.echo(f"diaryclient: {lines}, {where}", err=True)


def format_option(command: _Command) -> _Command:
    """Give a command `--format` (`form`)."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(list(FORMATS)),
        default="pretty",
        show_default=True,
        help="How entries are printed.",
    )(command)


def format_options(command: _Command) -> _Command:
    """Give a command `--format` (`form`) and `--no-pager` (`has_pager`)."""
    pager = click.option(
        "--no-pager",
        "has_pager",
        flag_value=False,
        default=True,
        help="Print more than fits the screen at once.",
    )
    return format_option(pager(command))
