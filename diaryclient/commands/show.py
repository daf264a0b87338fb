"""`diaryclient show`: one entry, named by the end of its id."""

import click

from diaryclient.browsing.browsing import Page, find_entry
from diaryclient.commands.shared.completing import complete_entry
from diaryclient.commands.shared.delivering import deliver_older
from diaryclient.commands.shared.output import Output, format_options
from diaryclient.surroundings import Surroundings


@click.command("show")
@click.argument("ending", metavar="ID", shell_complete=complete_entry)
@format_options
@click.pass_obj
def command(surroundings: Surroundings, *, ending: str, form: str, has_pager: bool) -> None:
    """Print one entry.

    ID is the end of its id, as long as it takes to be the end of no other; `diaryclient read`
    prints it behind the time. The whole diary is looked through. If several ids end so they are
    listed and the exit status is 2; if none does it is 7.

    \b
      diaryclient show 4fb39
      diaryclient show 4fb39 --format json
    """  # noqa: D301 - click's mark is a real backspace
    with surroundings.diary(surroundings.login()) as diary:
        entry = find_entry(diary, ending)
        Output(form, has_pager, surroundings.environment).show([Page([entry])])
        deliver_older(diary)
