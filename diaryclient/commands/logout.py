"""`diaryclient logout`: ends a login on the server, then removes it from this machine.

Rules: a login that the server may still accept is not forgotten silently. What waits in the outbox
stays there.
"""

import click

from diaryclient.asking.exchange import PATIENCE
from diaryclient.errors import NotLoggedInError
from diaryclient.home.logins import Login
from diaryclient.home.outbox import LOGIN_REFUSALS
from diaryclient.login.token_list import revoke_own
from diaryclient.surroundings import Surroundings
from diaryclient.typed.dates import format_expiry
from protocol.errors import DiaryError, NotFoundError, TokenExpiredError, TokenRevokedError

_FORGETTING_SECONDS = 10.0
"""For another process that renews the login just now."""


@click.command("logout")
@click.option("--forget", is_flag=True, help="Remove it here, even if the server does not answer.")
@click.pass_obj
def command(surroundings: Surroundings, *, forget: bool) -> None:
    """End the login, on the server and here.

    If the server cannot be reached the login stays, so that you can try again. What waits in the
    outbox waits for the next login.

    \b
      diaryclient logout
      diaryclient --server diary.example.org logout
    """  # noqa: D301 - click's mark is a real backspace
    log_out(surroundings, surroundings.login(), forget=forget)


def log_out(surroundings: Surroundings, login: Login, *, forget: bool = False) -> None:
    """Revoke a login and remove its file; raise as `Asker.ask`, and then it stays.

    Raise NotKeptError, having asked for nothing, if its file could not be removed.
    """
    if login.is_stored:
        surroundings.check_disk()
    try:
        ended = _revoke(surroundings, login)
    except DiaryError as error:
        if not (forget and login.is_stored):
            raise _kept(login, error) from None
        remove_login(surroundings, login)
        click.echo(f"removed the login of {login.user} to {login.address} here")
        until = format_expiry(login.expires, surroundings.zoned_clock())
        click.echo(
            f"diaryclient: it still lives on the server, {until}: {error}; to end it, type "
            f"elsewhere: diaryclient token revoke {login.id.hex()}",
            err=True,
        )
    else:
        remove_login(surroundings, login)
        click.echo(f"logged out of {login.address} as {login.user}{ended}")
    if not login.is_stored:
        click.echo("the token in DIARY_TOKEN is of no use any more: unset it", err=True)
    tell_waiting(surroundings, login)


def remove_login(surroundings: Surroundings, login: Login) -> None:
    """Remove a login's file, also if it was renewed meanwhile; a newer log-in stays."""
    if not login.is_stored:
        return
    with surroundings.logins.hold(login.name, _FORGETTING_SECONDS) as held:
        stored = held.current
        if stored and stored.id == login.id:
            held.remove()


def tell_waiting(surroundings: Surroundings, login: Login) -> None:
    """Say how many entries were not sent."""
    held = LOGIN_REFUSALS | {None}
    count = sum(entry.refused in held for entry in surroundings.outbox(login).entries())
    if count:
        waits = "1 entry waits" if count == 1 else f"{count} entries wait"
        click.echo(f"{waits} in the outbox until the next login of {login.name}", err=True)


def _revoke(surroundings: Surroundings, login: Login) -> str:
    with surroundings.diary(login) as diary:
        try:
            revoke_own(diary.asker, PATIENCE)
        except (TokenExpiredError, TokenRevokedError, NotFoundError):
            return "; the server had ended it already"
        except NotLoggedInError:
            return "; the server did not know it any more"
    return ""


def _kept(login: Login, error: DiaryError) -> DiaryError:
    if not login.is_stored:
        return error
    error.args = (f"{error}; still logged in: try again, or type diaryclient logout --forget",)
    return error
