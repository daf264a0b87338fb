"""`diaryclient` without a command: a prompt on a terminal, else an entry for each line of input."""

import sys

from diaryclient.commands.piped import write_lines
from diaryclient.diary.open_diary import OpenDiary
from diaryclient.surroundings import Surroundings, has_terminal

_DUMB: frozenset[str] = frozenset({"dumb", "unknown"})
"""What TERM says of terminals on which no line can be edited."""


def run(surroundings: Surroundings, *, yes: bool) -> None:
    """Hold a conversation or take lines; `yes` lets -c clear without asking."""
    if has_terminal() and sys.stdout.isatty() and surroundings.environment.get("TERM") not in _DUMB:
        _converse(surroundings, yes=yes)
    else:
        write_lines(surroundings, yes=yes)


def _converse(surroundings: Surroundings, *, yes: bool) -> None:
    login = surroundings.login()

    def open_diary() -> OpenDiary:
        return surroundings.diary(surroundings.login_again(login))

    from diaryclient.interactive.prompt import converse  # noqa: PLC0415 - takes 200 ms
    from diaryclient.interactive.synchronizer import Synchronizer  # noqa: PLC0415 - as above

    synchronizer = Synchronizer(open_diary, surroundings.clock)
    converse(synchronizer, clears_unasked=yes)
