"""`diaryclient rm`: remove entries, which `diaryclient undo` brings back."""

import click

from diaryclient.browsing.browsing import Page, find_histories
from diaryclient.commands.shared.completing import complete_entry
from diaryclient.commands.shared.confirming import check_askable, confirm
from diaryclient.commands.shared.delivering import deliver_older
from diaryclient.diary.fates import check_may_change, format_done, telling_fate
from diaryclient.diary.open_diary import OpenDiary
from diaryclient.entries.entry import DiaryEntry
from diaryclient.entries.histories import EntryHistory
from diaryclient.formats.pretty import Look, render_pretty
from diaryclient.surroundings import Surroundings


@click.command("rm")
@click.argument("endings", metavar="ID...", nargs=-1, required=True, shell_complete=complete_entry)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def command(surroundings: Surroundings, *, endings: tuple[str, ...], yes: bool) -> None:
    """Remove entries: they are shown, and then removed if you say yes.

    ID is the end of an id, as `diaryclient read` prints it. The server keeps what is removed, and
    `diaryclient undo ID` brings it back. If one of the IDs names no entry, none is removed.

    \b
      diaryclient rm 4fb39
      diaryclient rm --yes 4fb39 18a98
    """  # noqa: D301 - click's mark is a real backspace
    check_askable("remove", "nothing was removed", yes=yes)
    login = surroundings.login()
    check_may_change(login)
    with surroundings.diary(login) as diary:
        found = find_histories(diary, endings)
        if yes or _is_meant(diary, found):
            for history in found:
                with telling_fate(history, "removed"):
                    removed = diary.remove(history)
                click.echo(format_done(diary, "removed", removed))
        deliver_older(diary)


def _is_meant(diary: OpenDiary, found: list[EntryHistory]) -> bool:
    entries = [DiaryEntry(history.current, diary.login.user) for history in found]
    click.echo("".join(render_pretty([Page(entries)], Look())), nl=False, err=True)
    what = "this entry" if len(found) == 1 else f"these {len(found)} entries"
    if confirm(f"Remove {what}?"):
        return True
    click.echo("nothing was removed", err=True)
    return False
