"""`diaryclient on-this-day`: what was written on this day of other years."""

import click

from diaryclient.browsing.browsing import Query, browse
from diaryclient.commands.shared.delivering import deliver_older
from diaryclient.commands.shared.output import Output, format_options
from diaryclient.commands.shared.selecting import SelectingCommand, nothing_found, selection_options
from diaryclient.entries.selection import Selection
from diaryclient.lookback.periods import latest_anniversary
from diaryclient.surroundings import Surroundings


@click.command("on-this-day", cls=SelectingCommand)
@click.argument("date", required=False)
@selection_options
@click.option("--reverse", "is_reversed", is_flag=True, help="The newest first.")
@click.option("--tz", metavar="ZONE", help="The time zone that decides which day is today.")
@format_options
@click.pass_obj
def command(  # noqa: PLR0913 - one for each option
    surroundings: Surroundings,
    *,
    date: str | None,
    selection: Selection,
    is_reversed: bool,
    tz: str | None,
    form: str,
    has_pager: bool,
) -> None:
    """Print the entries of this day of every year, as read --today-in-history does.

    DATE is another day, YYYY-MM-DD or words such as yesterday or "24 december"; its year does not
    matter.

    \b
      diaryclient on-this-day
      diaryclient on-this-day "24 december" --starred
    """  # noqa: D301 - click's mark is a real backspace
    surroundings = surroundings.in_zone(tz)
    output = Output(form, has_pager, surroundings.environment)
    with surroundings.diary(surroundings.login()) as diary:
        today = diary.today()
        reader = surroundings.time_reader(diary)
        day = today if date is None else reader.day(date, "DATE")
        query = Query(
            selection=selection,
            is_reversed=is_reversed,
            anniversary=latest_anniversary(day, today),
        )
        if not output.show(browse(diary, query)):
            click.echo(nothing_found(query), err=True)
        deliver_older(diary)
