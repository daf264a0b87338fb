"""Whom a person trusts at a login, and what else is known of a server by its fingerprint.

Rules: a fingerprint that is trusted at another address is named with that address, and nothing of
that address is taken over without a word: a restored copy of a server has the same.
"""

from functools import partial

import click

from diaryclient.commands.move import move_all
from diaryclient.errors import LoginFileError
from diaryclient.home.logins import Login, Logins
from diaryclient.home.settings import Choice
from diaryclient.login.logging_in import Trust
from diaryclient.screen.display import safe_line
from diaryclient.surroundings import Surroundings, has_terminal
from protocol.address import Address
from protocol.errors import DiaryError, MalformedError, UsageError
from protocol.identity import parse_fingerprint


def parse_trust(fingerprint: str | None, logins: Logins, *, accept_new: bool) -> Trust:
    """Give what `--fingerprint` and `--accept-new` say of the server; raise UsageError."""
    if fingerprint is not None:
        try:
            parse_fingerprint(fingerprint)
        except MalformedError as error:
            raise UsageError(f"--fingerprint: {error}") from None
    return Trust(fingerprint, accept_new, partial(_ask_trust, logins) if has_terminal() else None)


def offer_to_move(surroundings: Surroundings, login: Login) -> None:
    """Ask whether the server moved here from an address where it showed the same fingerprint."""
    for address in _shown_by(surroundings.logins, login.fingerprint):
        if address == login.address:
            continue
        if has_terminal():
            try:
                move_all(surroundings, address, login.address, unasked=False)
            except DiaryError as error:  # the login is there all the same
                click.echo(f"diaryclient: {safe_line(str(error))}", err=True)
        else:
            click.echo(
                f"{address} has shown the same fingerprint; if it is the server that moved here: "
                f"diaryclient move {address} {login.address}",
                err=True,
            )


def _ask_trust(logins: Logins, shown: str) -> bool:
    click.echo(f"This server is new here. It shows {shown}", err=True)
    for address in _shown_by(logins, shown):
        click.echo(f"{address} has shown the same; a restored copy of it does, too.", err=True)
    return click.confirm("Is that what its operator told you?", default=False, err=True)


def _shown_by(logins: Logins, fingerprint: str) -> list[Address]:
    """Give the addresses at which a fingerprint is trusted; none if that cannot be known."""
    try:
        known = logins.all(Choice())
    except LoginFileError:
        return []
    return sorted({each.address for each in known if each.fingerprint == fingerprint})
