"""`diaryclient history`: every text that an entry had, and when."""

import click

from diaryclient.browsing.browsing import find_history
from diaryclient.commands.shared.completing import complete_entry
from diaryclient.commands.shared.delivering import deliver_older
from diaryclient.formats.versions import render_versions, render_versions_as_json
from diaryclient.surroundings import Surroundings


@click.command("history")
@click.argument("ending", metavar="ID", shell_complete=complete_entry)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list, the first text first.")
@click.pass_obj
def command(surroundings: Surroundings, *, ending: str, as_json: bool) -> None:
    """Print all versions of an entry with their times, the first text first.

    Removed entries have a history too. The first time is when the entry was received, whatever
    time it tells of.

    \b
      diaryclient history 4fb39
      diaryclient history 4fb39 --json
    """  # noqa: D301 - click's mark is a real backspace
    with surroundings.diary(surroundings.login()) as diary:
        history = find_history(diary, ending, with_removed=True)
        render = render_versions_as_json if as_json else render_versions
        click.echo(render(history, diary.login.user), nl=False)
        deliver_older(diary)
