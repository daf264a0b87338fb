"""`diaryclient calendar`: a year as a map of its days."""

import json

import click

from diaryclient.commands.shared.delivering import deliver_older
from diaryclient.commands.shared.output import look_of_stdout
from diaryclient.commands.shared.selecting import SelectingCommand, selection_options
from diaryclient.entries.selection import Selection
from diaryclient.lookback.gathering import gather
from diaryclient.lookback.heat_map import draw_year
from diaryclient.lookback.periods import parse_period, parse_year
from diaryclient.surroundings import Surroundings


@click.command("calendar", cls=SelectingCommand)
@click.argument("year", required=False)
@selection_options
@click.option("--tz", metavar="ZONE", help="The time zone that decides which day is today.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, described in docs/FORMATS.md.")
@click.pass_obj
def command(
    surroundings: Surroundings,
    *,
    year: str | None,
    selection: Selection,
    tz: str | None,
    as_json: bool,
) -> None:
    """Draw a year, this one if none is named: how many entries each day has.

    A column is a week. The more entries a day has, the further it is from blue to yellow; without
    colours, as in a file or with NO_COLOR, characters say it. The options count only entries that
    they select.

    \b
      diaryclient calendar
      diaryclient calendar 2025 --tagged @run
    """  # noqa: D301 - click's mark is a real backspace
    surroundings = surroundings.in_zone(tz)
    with surroundings.diary(surroundings.login()) as diary:
        today = diary.today()
        number = int(today[:4]) if year is None else parse_year(year)
        figures = gather(diary, parse_period(f"{number:04}", today), selection)
        if as_json:
            click.echo(json.dumps({"year": number, "days": figures.days}, indent=2))
        else:
            look = look_of_stdout(surroundings.environment)
            click.echo("\n".join(draw_year(number, figures.days, today, look)))
        deliver_older(diary)
