"""`diaryclient whoami`: the login that is meant, as the server knows it."""

import click

from diaryclient.commands.shared.delivering import deliver_older
from diaryclient.commands.shared.fitting import fitted
from diaryclient.diary.room import format_room
from diaryclient.screen.display import safe_line
from diaryclient.surroundings import Surroundings
from diaryclient.typed.dates import format_expiry


@click.command("whoami")
@click.pass_obj
def command(surroundings: Surroundings) -> None:
    """Print who you are to the server, until when, and how much room the diary has.

    `alice@127.0.0.1:8888 full, until 2027-02-21, token 9f1c2a7b3d4e5f60 laptop`

    `12.0 KiB used, 1023.9 MiB left; 40 entries, 999,960 left`

    \b
      diaryclient whoami
    """  # noqa: D301 - click's mark is a real backspace
    login = surroundings.login()
    with surroundings.diary(login) as diary:
        known = diary.whoami()
        until = format_expiry(known.expires, surroundings.zoned_clock())
        name = f" {safe_line(login.label)}" if login.label else ""
        token = f"token {login.id.hex()}{name}"
        click.echo(fitted(f"{known.user}@{login.address} {known.scopes}, {until}, {token}"))
        used = diary.usage()
        if used:
            click.echo(fitted(format_room(used)))
        deliver_older(diary)
