"""`diaryclient read`: entries on stdout, day by day as they come; hints and faults on stderr."""

import sys

import click

from diaryclient.browsing.browsing import Query, browse
from diaryclient.commands.shared.delivering import deliver_older
from diaryclient.commands.shared.output import Output, format_options
from diaryclient.commands.shared.progress import late_bar
from diaryclient.commands.shared.ranges import day_of_words, parse_days
from diaryclient.commands.shared.selecting import SelectingCommand, nothing_found, selection_options
from diaryclient.diary.open_diary import OpenDiary
from diaryclient.entries.selection import Selection
from diaryclient.surroundings import Surroundings
from protocol.errors import UsageError


@click.command("read", cls=SelectingCommand)
@click.argument("day", metavar="[DATE]", nargs=-1)
@click.option("-n", "newest", metavar="N", type=click.IntRange(1), help="At most N, the newest.")
@click.option("--on", metavar="DATE", help="This day only, or month, year.")
@click.option("--from", "first", metavar="DATE", help="From this day on.")
@click.option("--to", "--until", "last", metavar="DATE", help="Until this day, it included.")
@click.option("--today-in-history", is_flag=True, help="This day of every year.")
@selection_options
@click.option("--short", is_flag=True, help="As --format short.")
@click.option("--reverse", "is_reversed", is_flag=True, help="The newest first.")
@click.option("--tz", metavar="ZONE", help="The time zone that decides which day is today.")
@format_options
@click.pass_obj
def command(  # noqa: PLR0913 - one for each option
    surroundings: Surroundings,
    *,
    day: tuple[str, ...],
    newest: int | None,
    on: str | None,
    first: str | None,
    last: str | None,
    today_in_history: bool,
    selection: Selection,
    short: bool,
    is_reversed: bool,
    tz: str | None,
    form: str,
    has_pager: bool,
) -> None:
    """Print entries: today's, or those that the options select from the whole diary.

    Options of different kinds must all hold. Of several --tagged one is enough, and of several
    --contains; with --and all must hold. --not @TAG leaves out what has the tag, --not --starred
    what has a star, --not --tagged what has any tag.

    DATE is YYYY-MM-DD or words such as yesterday, "last friday", "3 weeks ago", may, 昨天;
    docs/CLIENT.md has them all. Without an option before it it is the day of --on.

    \b
      diaryclient read yesterday                  that day's entries
      diaryclient read -n 5                       the last five entries
      diaryclient read --from monday --short      this week's titles
      diaryclient read --tagged @work --not @done --contains report

    Characters that could deceive a terminal are shown as \\x1b or \\u202e. Lines that are no
    entries are shown behind `? `. docs/FORMATS.md describes the formats.
    """  # noqa: D301 - click's mark is a real backspace
    on = day_of_words(day, on, "type: diaryclient show")
    surroundings = surroundings.in_zone(tz)
    output = Output("short" if short else form, has_pager, surroundings.environment)
    with surroundings.diary(surroundings.login()) as diary:
        today = diary.today()
        if today_in_history:
            _refuse_days(on, first, last)
        searches = newest is not None or not selection.is_everything
        is_today = not searches and on is first is last is None
        reader = surroundings.time_reader(diary)
        begin, end = (today, today) if is_today else parse_days(on, first, last, reader)
        anniversary = today if today_in_history else None
        query = Query(begin, end, selection, newest, is_reversed, anniversary)
        if not _show(output, diary, query):
            hints = not searches and not (on or first or last or today_in_history)
            hint = "; the last ones: diaryclient read -n 5" if hints else ""
            click.echo(nothing_found(query) + hint, err=True)
        deliver_older(diary)


def _show(output: Output, diary: OpenDiary, query: Query) -> bool:
    with late_bar(diary, "reading") as bar:
        pages = browse(diary, query)
        return output.show(bar.before(pages) if sys.stdout.isatty() else pages)


def _refuse_days(*days: str | None) -> None:
    if any(days):
        raise UsageError("--today-in-history names its days; leave out --on, --from and --to")
