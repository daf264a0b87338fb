"""`diaryclient stats`: how much was written, when, and about what."""

import json

import click

from diaryclient.commands.shared.delivering import deliver_older
from diaryclient.commands.shared.output import look_of_stdout
from diaryclient.commands.shared.selecting import SelectingCommand, selection_options
from diaryclient.entries.selection import Selection
from diaryclient.lookback.gathering import follow_streak, gather
from diaryclient.lookback.periods import parse_period
from diaryclient.lookback.report import Report, report_as_json, report_as_text
from diaryclient.screen.display import escape_json
from diaryclient.surroundings import Surroundings


@click.command("stats", cls=SelectingCommand)
@click.argument("period", metavar="[week|month|year|all|YYYY|YYYY-MM]", default="all")
@selection_options
@click.option("--tz", metavar="ZONE", help="The time zone that decides which day is today.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, described in docs/FORMATS.md.")
@click.pass_obj
def command(
    surroundings: Surroundings, *, period: str, selection: Selection, tz: str | None, as_json: bool
) -> None:
    """Print figures of the whole diary, or of this week, this month, or any month or year.

    Entries, words, days with an entry, streaks, the most frequent tags, the hours of the day. A
    Chinese or Japanese character counts as a word. A streak goes on while yesterday belongs to it.
    The options count only entries that they select.

    \b
      diaryclient stats month
      diaryclient stats 2025 --tagged @work
      diaryclient stats year --json
    """  # noqa: D301 - click's mark is a real backspace
    surroundings = surroundings.in_zone(tz)
    with surroundings.diary(surroundings.login()) as diary:
        today = diary.today()
        wanted = parse_period(period, today)
        figures = gather(diary, wanted, selection)
        streak = follow_streak(diary, wanted, selection, figures) if wanted.has(today) else None
        report = Report(wanted, figures, streak, today)
        if as_json:
            document = json.dumps(report_as_json(report), ensure_ascii=False, indent=2)
            click.echo(escape_json(document))
        else:
            click.echo("\n".join(report_as_text(report, look_of_stdout(surroundings.environment))))
        deliver_older(diary)
