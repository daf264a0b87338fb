"""`diaryclient ping`: does the server answer, how fast, and what does its clock say."""

import click

from diaryclient.commands.surroundings import Surroundings


@click.command("ping")
@click.pass_obj
def command(surroundings: Surroundings) -> None:
    """Measure the way to the server and back.

    The server's clock is compared with this machine's own.
    """
    login = surroundings.login()
    with surroundings.diary(login) as diary:
        pong = diary.ping()
    words = f"{login.address} answered in {pong.milliseconds:.1f} ms, its clock "
    if pong.ahead == 0:
        click.echo(f"{words}agrees with this one")
    else:
        side = "ahead" if pong.ahead > 0 else "behind"
        click.echo(f"{words}is {abs(pong.ahead)} ms {side}")
