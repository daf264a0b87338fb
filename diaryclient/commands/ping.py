"""`diaryclient ping`: does the server answer, how fast, and what does its clock say."""

import click

from diaryclient.commands.shared.delivering import deliver_older
from diaryclient.health.wording import format_ahead
from diaryclient.surroundings import Surroundings


@click.command("ping")
@click.pass_obj
def command(surroundings: Surroundings) -> None:
    """Measure the way to the server and back.

    The server's clock is compared with this machine's own.

    \b
      diaryclient ping
    """  # noqa: D301 - click's mark is a real backspace
    login = surroundings.login()
    with surroundings.diary(login) as diary:
        pong = diary.ping()
        words = f"{login.address} answered in {pong.milliseconds:.1f} ms, its clock"
        click.echo(f"{words} {format_ahead(pong.ahead)}")
        deliver_older(diary)
