"""`diaryclient whoami`: the login that is meant, as the server knows it."""

import click

from diaryclient.commands.delivering import deliver_older
from diaryclient.commands.surroundings import Surroundings
from diaryclient.dates import format_expiry


@click.command("whoami")
@click.pass_obj
def command(surroundings: Surroundings) -> None:
    """Print who you are to the server, and until when.

    `alice@127.0.0.1:8888 full, until 2027-02-21`
    """
    login = surroundings.login()
    with surroundings.diary(login) as diary:
        known = diary.whoami()
        until = format_expiry(known.expires, surroundings.clock)
        click.echo(f"{known.user}@{login.address} {known.scopes}, {until}")
        deliver_older(diary)
