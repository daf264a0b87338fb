"""`diaryclient account`: the end of an account, after all of it was copied to this machine.

Rules: nothing is asked of the server before the copy is complete and was checked against it.
"""

from pathlib import Path

import click

from diaryclient.browsing.exporting import Exported, export_days
from diaryclient.commands.logout import remove_login, tell_waiting
from diaryclient.commands.shared.delivering import deliver_older
from diaryclient.commands.shared.forgiving import ForgivingGroup
from diaryclient.diary.open_diary import OpenDiary
from diaryclient.errors import UnreachableError
from diaryclient.screen.display import safe_line
from diaryclient.surroundings import Surroundings, has_terminal
from protocol.errors import DiaryError, ScopeError, UsageError
from protocol.messages.account import Delete, Deleted
from protocol.messages.base import Scope, allows


@click.group("account", cls=ForgivingGroup)
def command() -> None:
    """Delete your account, after a copy of your diary was made here.

    \b
      diaryclient account delete --to ~/diary-copy
    """  # noqa: D301 - click's mark is a real backspace


@command.command("delete")
@click.option(
    "--to",
    "folder",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="Where the copy goes, a folder that does not exist; else diary-USER-DATE here.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def delete(surroundings: Surroundings, folder: Path | None, *, yes: bool) -> None:
    """Copy every day to this machine, then delete the account.

    The copy is the plain day files as they lie on the server. The server sets its own aside, where
    its operator can remove them, and ends all your logins and tokens.

    \b
      diaryclient account delete --to ~/diary-copy
    """  # noqa: D301 - click's mark is a real backspace
    if not yes and not has_terminal():
        raise UsageError("no terminal to ask; type --yes to delete unasked; nothing was done")
    login = surroundings.login()
    if login.is_stored:
        surroundings.check_disk()  # its file could not be removed afterwards
    with surroundings.diary(login) as diary:
        if not allows(login.scopes, Scope.FULL):
            raise ScopeError(f"this login's scope is {login.scopes}; {login.way_out}")
        deliver_older(diary)  # what waits here belongs to the diary
        target = folder or Path(f"diary-{login.user}-{diary.today()}")
        exported = export_days(diary, target.absolute(), surroundings.export_notes)
        _tell(exported)
        tell_waiting(surroundings, login)
        if not yes:
            _confirm(diary, exported)
        _delete(diary, exported)
        login = diary.login
    remove_login(surroundings, login)
    click.echo(f"deleted the account {login.name}; your copy is {safe_line(str(exported.folder))}")
    click.echo("the server keeps an archive, which its operator can remove", err=True)


def _tell(exported: Exported) -> None:
    days = "1 day" if exported.days == 1 else f"{exported.days} days"
    entries = "1 entry" if exported.entries == 1 else f"{exported.entries} entries"
    where = safe_line(str(exported.folder))
    click.echo(f"copied {days}, {entries}, {exported.size} bytes to {where}", err=True)


def _confirm(diary: OpenDiary, exported: Exported) -> None:
    login = diary.login
    click.echo(
        f"The account {login.name} is about to be deleted, with all its logins and tokens.",
        err=True,
    )
    typed = click.prompt(
        f"Type {login.user} to delete it", default="", show_default=False, err=True
    )
    if typed.strip() != login.user:
        raise UsageError(f"nothing was deleted; the copy stays in {exported.folder}")


def _delete(diary: OpenDiary, exported: Exported) -> None:
    try:
        diary.asker.ask_last(Delete(diary.login.user), Deleted)
    except UnreachableError as error:
        raise UnreachableError(
            f"{error}; the account may be deleted or not: diaryclient whoami tells; the copy is in "
            f"{exported.folder}"
        ) from None
    except DiaryError as error:
        error.args = (f"{error}; the copy is in {exported.folder}",)
        raise
