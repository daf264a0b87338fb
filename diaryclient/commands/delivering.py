"""What every command that has reached the server does last: it sends what waits in the outbox.

Rules: after the command's own answer, never instead of it or before it; bounded in time; silent
unless something was sent or went wrong; and it changes nothing about the command's exit status.
"""

import sys
from typing import Final

import click

from diaryclient.diary import Diary
from diaryclient.display import safe_line

_SECONDS: Final = 3.0
"""For older entries after an own success: nobody waits for them."""


def deliver_older(
    diary: Diary,
    *,
    seconds: float = _SECONDS,
    quiet: bool = False,
    has_new_login: bool = False,
) -> None:
    """Send what waits and tell on standard error; `quiet` tells only what went wrong.

    With a new login goes also what was refused for an earlier one.
    """
    sys.stdout.flush()
    try:
        delivery = diary.deliver(seconds, has_new_login=has_new_login)
    except KeyboardInterrupt:
        _complain("interrupted while sending older entries; they stay in the outbox")
        return
    for problem in delivery.problems:
        _complain(problem)
    for path in diary.outbox.damaged():
        _complain(f"{path} is damaged and left as it is")
    if delivery.sent and not quiet:
        click.echo(f"sent {delivery.sent} waiting, {delivery.left} left", err=True)


def _complain(words: str) -> None:
    click.echo(f"diaryclient: {safe_line(words)}", err=True)
