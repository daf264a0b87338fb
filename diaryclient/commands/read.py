"""`diaryclient read`: entries on stdout, day by day as they come; hints and faults on stderr."""

from typing import Final

import click

from diaryclient.commands.delivering import deliver_older
from diaryclient.commands.surroundings import Surroundings
from diaryclient.dates import parse_day
from diaryclient.display import ShortIds, format_entry, format_foreign
from diaryclient.reading import DayEntries
from protocol.errors import UsageError
from protocol.identifiers import Day

_FIRST: Final = Day("0001-01-01")


@click.command("read")
@click.option("--on", metavar="DATE", help="This day only.")
@click.option("--from", "first", metavar="DATE", help="From this day on, until today or --to.")
@click.option("--to", "last", metavar="DATE", help="Until this day, it included.")
@click.pass_obj
def command(
    surroundings: Surroundings, on: str | None, first: str | None, last: str | None
) -> None:
    r"""Print entries, today's unless another day is named.

    DATE is YYYY-MM-DD, today or yesterday. Characters that could deceive a terminal are shown as
    \x1b or \u202e. Lines that are no entries are shown behind `? `.
    """
    with surroundings.diary(surroundings.login()) as diary:
        begin, end = _range(on, first, last, diary.today())
        short_ids = ShortIds()
        shown = False
        for day in diary.entries(begin, end):
            shown |= show_day(day, short_ids)
        if not shown:
            start = "" if begin in {end, _FIRST} else f"from {begin} "
            click.echo(f"no entries {start}{'on' if begin == end else 'to'} {end}", err=True)
        deliver_older(diary)


def _range(on: str | None, first: str | None, last: str | None, today: Day) -> tuple[Day, Day]:
    if on is not None:
        if first is not None or last is not None:
            raise UsageError("--on names one day; leave out --from and --to, or use them instead")
        day = parse_day(on, "--on", today)
        return day, day
    if first is None and last is None:
        return today, today
    begin = _FIRST if first is None else parse_day(first, "--from", today)
    end = today if last is None else parse_day(last, "--to", today)
    if begin > end:
        raise UsageError(f"--from {begin} is after --to {end}")
    return begin, end


def show_day(day: DayEntries, short_ids: ShortIds) -> bool:
    """Print a day and what is no entry in it; tell whether there was anything."""
    names = short_ids.name(entry.id for entry in day.entries)
    for entry in day.entries:
        click.echo(format_entry(entry, names[entry.id]))
    for foreign in day.foreign:
        click.echo(format_foreign(foreign))
    if day.foreign:
        count = len(day.foreign)
        lines = "1 line is no entry" if count == 1 else f"{count} lines are no entries"
        click.echo(f"diaryclient: {day.day}: {lines}, shown behind `? `", err=True)
    return bool(day.entries or day.foreign)
