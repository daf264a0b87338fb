"""What an operator's command asks at the terminal: whether it may, and a password.

Rules: a password comes from a prompt without echo, twice, or from standard input; never from the
command line, which everybody on the machine can read. Who mistypes one is asked again, because
what comes after a prompt that gave up is typed into the shell, and shown. What ends the line, and
what no password has: `protocol.secretline`.
"""

import sys
from collections.abc import Callable
from getpass import getpass
from typing import Final

import click

from protocol.errors import UsageError
from protocol.secretline import secret_of_line

MAX_PASSWORD_LINE: Final = 4096
"""Bytes; no password is a tenth of it."""

_ATTEMPTS: Final = 3
"""At choosing a password; as passwd(1) asks."""


def confirm(question: str, doing: str, *, yes: bool) -> None:
    """Ask unless `yes` is set; raise click.Abort for a no, UsageError without a terminal.

    `doing` says what asks, for that error.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(f"{doing} asks first; without a terminal, say --yes")
    click.confirm(question, abort=True)


def read_password(user: str, *, from_input: bool) -> str:
    """Give a password that may be one; raise UsageError, never repeating it."""
    from diaryserver.admin.users import check_password  # noqa: PLC0415 - few commands need one

    if not from_input and not sys.stdin.isatty():
        raise UsageError("no terminal to ask for the password; use --password-stdin")
    if not from_input:
        return _prompt(user, check_password)
    password = secret_of_line(sys.stdin.buffer.readline(MAX_PASSWORD_LINE), "password")
    check_password(password)
    return password


def _prompt(user: str, check: Callable[[str], None]) -> str:
    for _ in range(_ATTEMPTS):
        try:
            password = getpass(f"New password of {user}: ")
            check(password)
            if getpass("Once more: ") == password:
                return password
        except EOFError:
            raise UsageError("no password was typed") from None
        except UsageError as error:
            click.echo(str(error), err=True)
        else:
            click.echo("the two passwords differ", err=True)
    raise UsageError("no password was chosen; nothing was changed")
