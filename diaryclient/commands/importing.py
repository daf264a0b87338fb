"""`diaryclient import`: tells what is in a source, asks, and sends it.

Rules: what was left out is listed, entry by entry, and is an error.
"""

from collections import defaultdict
from pathlib import Path
from typing import Final

import click

from diaryclient.commands.shared.confirming import check_askable, confirm
from diaryclient.commands.shared.delivering import deliver_older
from diaryclient.commands.shared.progress import progress
from diaryclient.diary.open_diary import OpenDiary
from diaryclient.entries.entry import find_tags
from diaryclient.errors import IncompleteImportError, InterruptedImportError
from diaryclient.importing.day_one import NO_ZONE
from diaryclient.importing.delivery import Progress, deliver
from diaryclient.importing.detection import SOURCES, read_source
from diaryclient.importing.finding import Oddity
from diaryclient.importing.planning import Plan, plan_import
from diaryclient.screen.display import safe_line
from diaryclient.surroundings import Surroundings
from protocol.caseless import caseless
from protocol.errors import DiaryError, ScopeError
from protocol.messages.base import Scope, allows
from protocol.stamp import Stamp

_ZONED: Final = frozenset({"dayone", "jsonl", "json"})
"""Sources whose times say which zone they are of."""

_MOST_NAMED: Final = 3
"""Places in a line of the preview; what is skipped is listed in full."""


@click.command("import")
@click.argument("source", metavar="FILE", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(SOURCES),
    default="auto",
    show_default=True,
    help="What FILE is.",
)
@click.option("--dry-run", is_flag=True, help="Only tell what would be imported.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--tz", metavar="ZONE", help="The time zone of times that do not say theirs.")
@click.pass_obj
def command(  # noqa: PLR0913 - one for each option
    surroundings: Surroundings,
    *,
    source: Path,
    form: str,
    dry_run: bool,
    yes: bool,
    tz: str | None,
) -> None:
    """Bring the entries of FILE, a file or a folder, into the diary.

    \b
      jrnl         the text file in which jrnl keeps a journal
      jrnl-json    what `jrnl --format json` prints
      md           the Markdown by year and month that `diaryclient export` writes
      dayone       the JSON that Day One exports, or the zip around it
      jsonl, json  what `diaryclient export` writes
      folder       .md and .txt files named by their day, as 2026-11-22.md

    First it tells how many entries there are, of which days, and what is odd about them. Whoever
    imports the same again adds nothing, so after an interruption the same command goes on. What
    could not be imported is listed, and the exit status is 1. docs/EXPORT.md tells more.

    \b
      diaryclient import --dry-run journal.txt
      diaryclient import --tz Europe/Berlin journal.txt
    """  # noqa: D301 - click's mark is a real backspace
    surroundings = surroundings.in_zone(tz)
    clock = surroundings.zoned_clock()
    form, found = read_source(source, form)
    plan = plan_import(found, clock.local_offset, clock.instant().wall)
    _tell(plan, form, surroundings)
    if dry_run:
        click.echo("nothing was imported", err=True)
    refused = [] if dry_run or not plan.rows else _import(surroundings, plan, yes=yes)
    _complain(plan.skipped + refused)


def _import(surroundings: Surroundings, plan: Plan, *, yes: bool) -> list[Oddity]:
    """Ask and send; give what the server refused."""
    check_askable("import", "nothing was imported", yes=yes)
    login = surroundings.login()
    if not allows(login.scopes, Scope.WRITE):
        raise ScopeError(f"this login's scope is {login.scopes}; {login.way_out}")
    if not yes and not confirm(f"Import {_entries(len(plan.rows))} into {login.name}?"):
        raise click.Abort
    so_far = Progress()
    with surroundings.diary(login) as diary:
        _send(diary, plan, so_far)
        known = f", {so_far.known} known before" if so_far.known else ""
        click.echo(f"imported {_entries(so_far.added)}{known}; {login.name}")
        deliver_older(diary)
    return so_far.refused


def _send(diary: OpenDiary, plan: Plan, so_far: Progress) -> None:
    try:
        with progress("importing", len(plan.rows)) as advance:
            deliver(diary, plan, so_far, advance)
    except KeyboardInterrupt:
        raise InterruptedImportError(f"interrupted; {_so_far(plan, so_far)}") from None
    except DiaryError as error:
        error.args = (f"{error}; {_so_far(plan, so_far)}",)
        raise


def _so_far(plan: Plan, so_far: Progress) -> str:
    done = so_far.added + so_far.known
    return f"{done} of {_entries(len(plan.rows))} are in the diary; the same command goes on"


def _tell(plan: Plan, form: str, surroundings: Surroundings) -> None:
    words = [f"{form}: {_entries(len(plan.rows))}"]
    if plan.rows:
        days = sorted({Stamp(row.at, row.off).day for row in plan.rows})
        words.append(f"from {days[0]} to {days[-1]} on {_count(len(days), 'day')}")
        words.append(f"{sum(row.star for row in plan.rows)} starred")
        tags = {caseless(tag) for row in plan.rows for _, tag in find_tags(row.text)}
        words.append(_count(len(tags), "tag"))
    if form not in _ZONED or any(each.words == NO_ZONE for each in plan.oddities):
        _, zone = surroundings.settings.timezone()
        words.append(f"zone {zone or 'of this machine'}")
    click.echo(", ".join(words))
    _tell_oddities(plan.oddities)


def _tell_oddities(oddities: list[Oddity]) -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for oddity in oddities:
        kind = f"skipped: {oddity.words}" if oddity.is_skipped else oddity.words
        places[kind].append(oddity.place)
    for kind, found in places.items():
        named = ", ".join(found[:_MOST_NAMED]) + ", ..." * (len(found) > _MOST_NAMED)
        click.echo(safe_line(f"{len(found)} {kind} ({named})"))


def _complain(skipped: list[Oddity]) -> None:
    """List what was left out; raise IncompleteImportError if anything was."""
    for oddity in skipped:
        click.echo(safe_line(f"diaryclient: {oddity.place} {oddity.words}"), err=True)
    if skipped:
        raise IncompleteImportError(f"left out, as listed: {_entries(len(skipped))}")


def _entries(number: int) -> str:
    return "1 entry" if number == 1 else f"{number} entries"


def _count(number: int, thing: str) -> str:
    return f"1 {thing}" if number == 1 else f"{number} {thing}s"
