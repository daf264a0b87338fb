"""`diaryclient random`: an entry by chance."""

from secrets import randbelow

import click

from diaryclient.browsing.browsing import Page, Query
from diaryclient.commands.shared.delivering import deliver_older
from diaryclient.commands.shared.output import Output, format_options
from diaryclient.commands.shared.selecting import SelectingCommand, nothing_found, selection_options
from diaryclient.entries.selection import Selection
from diaryclient.lookback.choosing import choose_entry
from diaryclient.surroundings import Surroundings


@click.command("random", cls=SelectingCommand)
@selection_options
@format_options
@click.pass_obj
def command(
    surroundings: Surroundings, *, selection: Selection, form: str, has_pager: bool
) -> None:
    """Print one entry by chance, each as likely as any other.

    The options choose among the entries that they select; then the whole diary is read.

    \b
      diaryclient random
      diaryclient random --starred --not @work
    """  # noqa: D301 - click's mark is a real backspace
    output = Output(form, has_pager, surroundings.environment)
    with surroundings.diary(surroundings.login()) as diary:
        entry = choose_entry(diary, selection, randbelow)
        if not output.show([Page([entry])] if entry else []):
            click.echo(nothing_found(Query(selection=selection)), err=True)
        deliver_older(diary)
