"""`diaryclient export`: the diary, or some of it, into a file or a folder.

Rules: the file is whole or absent; what a format cannot say is told on standard error.
"""

from bisect import bisect
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import click

from diaryclient.browsing.browsing import Page, Query, browse
from diaryclient.commands.shared.confirming import confirm
from diaryclient.commands.shared.delivering import deliver_older
from diaryclient.commands.shared.output import Tally
from diaryclient.commands.shared.progress import progress
from diaryclient.commands.shared.ranges import parse_days
from diaryclient.commands.shared.selecting import SelectingCommand, selection_options
from diaryclient.diary.open_diary import OpenDiary
from diaryclient.entries.selection import Selection
from diaryclient.files.atomic_output import check_file, check_folder
from diaryclient.formats.exported import EXPORTS
from diaryclient.formats.files import FORMS, TREE, guess_form, write_export
from diaryclient.formats.pretty import Look
from diaryclient.importing.fidelity import Losses
from diaryclient.screen.display import safe_line
from diaryclient.screen.streams import is_unheard
from diaryclient.surroundings import Surroundings, has_terminal
from protocol.errors import UsageError

_STDOUT: Final = Path("-")


@click.command("export", cls=SelectingCommand)
@click.argument("target", metavar="[FILE]", type=click.Path(path_type=Path), default=_STDOUT)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMS),
    help="Else the end of FILE's name decides; without one it is jsonl.",
)
@click.option("--force", is_flag=True, help="Replace a file that exists, unasked.")
@click.option("--reverse", "is_reversed", is_flag=True, help="The newest first, in html.")
@click.option("--on", metavar="DATE", help="This day only, or month, year.")
@click.option("--from", "first", metavar="DATE", help="From this day on.")
@click.option("--to", "--until", "last", metavar="DATE", help="Until this day, it included.")
@selection_options
@click.option("--tz", metavar="ZONE", help="The time zone that decides which day is today.")
@click.pass_obj
def command(  # noqa: PLR0913 - one for each option
    surroundings: Surroundings,
    *,
    target: Path,
    form: str | None,
    force: bool,
    is_reversed: bool,
    on: str | None,
    first: str | None,
    last: str | None,
    selection: Selection,
    tz: str | None,
) -> None:
    """Write the diary, or what the options of `read` select, into FILE; without FILE, print it.

    \b
      jsonl, json   all there is to an entry; `diaryclient import` brings it back
      html          one page for a browser: calendar, tags, search; needs no network
      md, md-tree   Markdown, in one file, or in a folder with one file a day
      jrnl          what jrnl opens as a journal
      txt           plain text

    \b
      diaryclient export diary.html
      diaryclient export --format md-tree diary
      diaryclient export --from 2026-01-01 --to 2026-12-31 2026.jsonl

    FILE appears when it is complete. docs/EXPORT.md tells what each format keeps.
    """  # noqa: D301 - click's mark is a real backspace
    surroundings = surroundings.in_zone(tz)
    form = form or guess_form(target)
    if is_reversed and form != "html":
        raise UsageError("--reverse is for html; an import wants the oldest first")
    _check(target, form, force=force)
    with surroundings.diary(surroundings.login()) as diary:
        deliver_older(diary)  # what waits here belongs to the diary
        begin, end = parse_days(on, first, last, surroundings.time_reader(diary))
        tally, losses = Tally(), Losses(form)
        pages = tally.counted(
            _followed(diary, Query(begin, end, selection, is_reversed=is_reversed), target)
        )
        pages = losses.counted(pages)
        _write(pages, form, target, surroundings.export_notes)
    tally.report(shown=False)
    for words in losses.told():
        click.echo(f"diaryclient: {words}", err=True)
    if target != _STDOUT:
        entries = "1 entry" if tally.entries == 1 else f"{tally.entries} entries"
        click.echo(f"exported {entries} to {safe_line(str(target))}")


def _check(target: Path, form: str, *, force: bool) -> None:
    if form == TREE:
        if target == _STDOUT:
            raise UsageError(f"--format {TREE} fills a folder; name it")
        check_folder(target)
    elif target != _STDOUT and check_file(target) and not force:
        if not has_terminal():
            raise UsageError(f"{target} exists already; --force replaces it")
        if not confirm(f"Replace {safe_line(str(target))}?"):
            raise click.Abort


def _followed(diary: OpenDiary, query: Query, target: Path) -> Iterator[Page]:
    """Give the pages, and show how far they are."""
    days = [row.day for row in diary.days(query.first, query.last)]
    with progress("exporting", len(days), shown=target != _STDOUT) as advance:
        for page in browse(diary, query):
            yield page
            if page.entries:
                place = bisect(days, page.entries[-1].stamp.day)
                advance(len(days) - place if query.is_reversed else place)
        advance(len(days))


def _write(pages: Iterable[Page], form: str, target: Path, notes: Path) -> None:
    if target != _STDOUT:
        write_export(pages, form, target, notes)
        return
    for piece in EXPORTS[form](pages, Look()):
        click.echo(piece, nl=False)
        if is_unheard():
            return
