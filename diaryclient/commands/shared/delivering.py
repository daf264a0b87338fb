"""What every command that has reached the server does last: send what waits, renew the login.

Rules: after the command's own answer, never instead of it or before it; bounded in time; silent
unless something was sent or went wrong; and only Ctrl-C changes the command's exit status. A
renewal that fails is tried again with the next command; it is told of when the login's end is near.
"""

import sys
from typing import Final

from diaryclient.diary.writer import Writer
from diaryclient.errors import InterruptedAfterwardsError
from diaryclient.login.care import LoginCare
from diaryclient.screen.display import safe_line
from protocol.messages.base import Scope, allows

_SECONDS: Final = 3.0
"""For older entries after an own success: nobody waits for them."""


def deliver_older(
    writer: Writer,
    *,
    seconds: float = _SECONDS,
    quiet: bool = False,
    has_new_login: bool = False,
) -> None:
    """Send what waits and tell on standard error; `quiet` tells only what went wrong.

    With a new login goes also what was refused for an earlier one. Afterwards the login is renewed
    if it is due.
    """
    sys.stdout.flush()
    if allows(writer.login.scopes, Scope.WRITE):
        _deliver(writer, seconds, quiet=quiet, has_new_login=has_new_login)
    keep_login(writer)


def keep_login(writer: Writer) -> None:
    """Renew the login if that is due, and announce its end once a day if it is near."""
    try:
        for words in LoginCare().look_after(writer):
            _complain(words)
    except KeyboardInterrupt:
        raise InterruptedAfterwardsError(
            "interrupted while renewing the login; the next command renews it"
        ) from None


def _deliver(writer: Writer, seconds: float, *, quiet: bool, has_new_login: bool) -> None:
    try:
        # Nobody logs in with DIARY_TOKEN, so any success may be the first with a new token.
        is_new = has_new_login or not writer.login.is_stored
        delivery = writer.deliver(seconds, has_new_login=is_new)
    except KeyboardInterrupt:
        raise InterruptedAfterwardsError(
            "interrupted while sending older entries; they stay in the outbox"
        ) from None
    for problem in delivery.problems:
        _complain(problem)
    for words in writer.outbox.set_damaged_aside():
        _complain(words)
    if delivery.sent and not quiet:
        _tell(f"sent {delivery.sent} waiting, {delivery.left} left")


def _complain(words: str) -> None:
    _tell(f"diaryclient: {safe_line(words)}")


def _tell(words: str) -> None:
    sys.stderr.write(f"{words}\n")
