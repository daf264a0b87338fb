"""`diaryclient passwd`: a new password, and with it the end of every other login.

Rules: as for `login`, no password on a command line. The login in use stays: it gets a new token.
"""

import click

from diaryclient.asking.asker import Asker
from diaryclient.commands.shared.delivering import deliver_older
from diaryclient.commands.shared.passwords import (
    ask_new_password,
    ask_password,
    check_password,
    read_password,
)
from diaryclient.errors import HeldElsewhereError, LostAnswerError
from diaryclient.home.logins import Login
from diaryclient.login.renewal import change_password
from diaryclient.login.token_list import list_tokens
from diaryclient.surroundings import Surroundings, has_terminal
from protocol.errors import DeniedError, DiaryError, UsageError


@click.command("passwd")
@click.option(
    "--password-stdin",
    is_flag=True,
    help="Take the current and the new password from two lines of standard input.",
)
@click.option("--keep-tokens", is_flag=True, help="Leave other logins and tokens as they are.")
@click.pass_obj
def command(surroundings: Surroundings, *, password_stdin: bool, keep_tokens: bool) -> None:
    """Change your password.

    Every other login and token of yours ends, unless --keep-tokens; this one stays.

    \b
      diaryclient passwd
      diaryclient passwd --keep-tokens
    """  # noqa: D301 - click's mark is a real backspace
    login = surroundings.login()
    if not login.is_stored:
        raise UsageError("DIARY_TOKEN is used, which gets no new token; unset it and log in first")
    surroundings.check_disk()  # the new token could not be kept
    current, password = _passwords(login, from_input=password_stdin)
    with surroundings.diary(login) as diary:
        before = _others(diary.asker)
        _change(diary.asker, current, password, keep=keep_tokens)
        click.echo(f"changed the password of {login.name}{_ended(before, _others(diary.asker))}")
        deliver_older(diary)


def _passwords(login: Login, *, from_input: bool) -> tuple[str, str]:
    if from_input:
        return check_password(read_password()), check_password(read_password(), is_new=True)
    if not has_terminal():
        raise UsageError("no terminal to ask for the passwords; use --password-stdin")
    current = ask_password(f"Current password of {login.name}: ")
    return current, ask_new_password("New password: ")


def _change(asker: Asker, current: str, password: str, *, keep: bool) -> None:
    try:
        change_password(asker, current, password, keep=keep)
    except DeniedError:
        raise DeniedError("the current password is not right; nothing was changed") from None
    except LostAnswerError as error:
        raise LostAnswerError(
            f"{error}; if the request arrived, the new password holds: find out with diaryclient "
            "passwd, and either of the two as the current one"
        ) from None
    except BlockingIOError:
        raise HeldElsewhereError(
            "another diaryclient is renewing this login; nothing was changed, try again"
        ) from None


def _others(asker: Asker) -> set[bytes] | None:
    """Give the ids of the user's other tokens; None if they cannot be known."""
    try:
        return {row.id for row in list_tokens(asker) if not row.own}
    except DiaryError:
        return None


def _ended(before: set[bytes] | None, after: set[bytes] | None) -> str:
    if before is None or after is None:
        return ""
    count = len(before - after)
    if count:
        return f"; {count} other {'login' if count == 1 else 'logins'} ended"
    return f"; {len(after)} other {'login stays' if len(after) == 1 else 'logins stay'}" * bool(
        after
    )
