"""`diaryclient undo`: the last change of an entry is taken back."""

import click

from diaryclient.browsing.browsing import find_history
from diaryclient.commands.shared.completing import complete_entry
from diaryclient.commands.shared.delivering import deliver_older
from diaryclient.diary.fates import check_may_change, format_done, telling_fate
from diaryclient.errors import NoSuchEntryError
from diaryclient.screen.display import format_quoted, short_id
from diaryclient.surroundings import Surroundings


@click.command("undo")
@click.argument("ending", metavar="ID", shell_complete=complete_entry)
@click.pass_obj
def command(surroundings: Surroundings, *, ending: str) -> None:
    """Take back the last change of an entry, and print its text as it is then.

    A removed entry comes back; else its text and star become what they were before the last
    `diaryclient edit`. Typed again, it takes back the change before that.

    \b
      diaryclient undo 4fb39
    """  # noqa: D301 - click's mark is a real backspace
    login = surroundings.login()
    check_may_change(login)
    with surroundings.diary(login) as diary:
        history = find_history(diary, ending, with_removed=True)
        if not history.has_changes:
            raise NoSuchEntryError(f"nothing to take back: {short_id(history.id)} is as it was")
        with telling_fate(history, "restored"):
            restored = diary.restore(history)
        click.echo(format_done(diary, "restored", restored))
        click.echo(format_quoted(restored.current.text))
        deliver_older(diary)
