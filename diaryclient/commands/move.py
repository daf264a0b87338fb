"""`diaryclient move`: a server under another address takes over logins, pins and waiting entries.

Rules: nothing is moved before the server at the new address has shown the trusted fingerprint, has
answered under each login, and the person, who was shown both addresses, has said yes.
"""

import os

import click

from diaryclient.commands.shared.confirming import check_askable, confirm
from diaryclient.commands.shared.delivering import deliver_older
from diaryclient.errors import HeldElsewhereError, NotLoggedInError, login_command
from diaryclient.health.examination import greet
from diaryclient.home.settings import parse_server
from diaryclient.login.moving import Share, find_shares, move
from diaryclient.screen.display import counted
from diaryclient.surroundings import Surroundings
from protocol.address import Address
from protocol.errors import DiaryError, UsageError


@click.command("move")
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def command(surroundings: Surroundings, *, old: str, new: str, yes: bool) -> None:
    """Follow a server from the address OLD to NEW.

    All logins to OLD go to NEW, with what waits in their outboxes, if the server there shows the
    same fingerprint and knows the logins. A restored copy of a server shows the same as well: so
    both addresses are shown, and you are asked.

    \b
      diaryclient move diary.example.org diary.example.net:9000
    """  # noqa: D301 - click's mark is a real backspace
    check_askable("move", "nothing was moved", yes=yes)
    before, after = parse_server(old, "OLD"), parse_server(new, "NEW")
    if before == after:
        raise UsageError("OLD and NEW are one address; nothing was moved")
    move_all(surroundings, before, after, unasked=yes)


def move_all(surroundings: Surroundings, old: Address, new: Address, *, unasked: bool) -> None:
    """Look, ask, and move; raise what keeps it from being done, and then nothing was moved."""
    shown = greet(new, surroundings.clock, os.urandom).fingerprint
    outboxes = surroundings.places.state / "outbox"
    shares = find_shares(surroundings.logins, outboxes, old, new, shown)
    for share in shares:
        _check_known(surroundings, share)
    click.echo(f"{new} shows {shown}, as {old} did; to be moved:", err=True)
    for share in shares:
        click.echo(f"  {_named(share, old)}", err=True)
    if not unasked and not confirm(
        f"A restored copy of a server shows the same. Is {new} the one that was {old}?"
    ):
        click.echo("nothing was moved", err=True)
        return
    for share in shares:
        _move(surroundings, share, old)
    _tell_of_settings(surroundings, old)


def _named(share: Share, old: Address) -> str:
    entries = counted(share.entries, "entry", "entries")
    return f"{share.user}@{old} to {share.login.name}, {entries} in the outbox"


def _check_known(surroundings: Surroundings, share: Share) -> None:
    try:
        with surroundings.diary(share.login) as diary:
            diary.whoami()
    except NotLoggedInError:
        login = share.login
        raise NotLoggedInError(
            f"{login.address} does not know the login of {login.user}: it may be an older copy of "
            "the server; nothing was moved; if it is the right one, first type: "
            f"{login_command(login.address, login.user)}"
        ) from None
    except DiaryError as error:
        error.args = (f"{error}; nothing was moved",)
        raise


def _move(surroundings: Surroundings, share: Share, old: Address) -> None:
    try:
        moved = move(surroundings.logins, surroundings.places.state / "outbox", share, old)
    except BlockingIOError:
        raise HeldElsewhereError(
            f"another diaryclient is using {share.user}@{old}; type it again to move the rest"
        ) from None
    entries = counted(moved, "entry", "entries")
    click.echo(f"moved {share.user}@{old} to {share.login.name}, {entries}")
    if share.superseded:
        click.echo(
            f"the login used at {old} still lives on the server; to end it: diaryclient token "
            f"revoke {share.superseded.id.hex()}",
            err=True,
        )
    with surroundings.diary(surroundings.login_again(share.login)) as diary:
        deliver_older(diary)


def _tell_of_settings(surroundings: Surroundings, old: Address) -> None:
    settings = surroundings.settings
    origin, server = settings.server()
    named = [origin] if server == old else []
    named += [f"profile.{each.name}" for each in settings.profiles() if each.choice.server == old]
    if named:
        click.echo(f"{', '.join(named)} still names {old}: change it", err=True)
