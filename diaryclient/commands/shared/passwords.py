"""How commands get passwords: from a prompt without echo, or from standard input.

Rules: never from the command line, where other users of the machine could see them; who mistypes
one at a prompt is asked again, until Ctrl-C, because what comes after a prompt that gave up is
typed into the shell, and shown. What a new one must be is said before it is asked for. What ends a
line, and what no password has: `protocol.secretline`.
"""

import sys
from typing import Final

import click

from protocol.errors import UsageError
from protocol.messages.forms import MAX_PASSWORD_BYTES
from protocol.secretline import check_typed, secret_of_line

_SHORTEST_NEW: Final = 8
_RULE: Final = (
    f"Choose a password of {_SHORTEST_NEW} characters or more; it is not shown. Ctrl-C leaves."
)


def check_password(password: str, *, is_new: bool = False) -> str:
    """Give a password that can be sent; raise UsageError, which does not quote it."""
    size = len(check_typed(password, "password").encode())
    if size == 0:
        raise UsageError("the password is empty")
    if size > MAX_PASSWORD_BYTES:
        raise UsageError(f"the password has {size} bytes, at most {MAX_PASSWORD_BYTES} are allowed")
    if is_new and len(password) < _SHORTEST_NEW:
        raise UsageError(f"a new password has {_SHORTEST_NEW} characters at least")
    return password


def read_secret_line(longest: int, name: str) -> str:
    """Give the next line of standard input, at most so many bytes of it; raise UsageError.

    `name` says in errors what it is: a password, an invite, a token.
    """
    return secret_of_line(sys.stdin.buffer.readline(longest) if sys.stdin else b"", name)


def read_password() -> str:
    """Give the password on the next line of standard input, of any length; raise UsageError."""
    return read_secret_line(4 * MAX_PASSWORD_BYTES, "password")


def ask_secret(question: str) -> str:
    """Ask at the terminal, without echo, for a word that is checked elsewhere; raise UsageError."""
    from getpass import getpass  # noqa: PLC0415 - not needed without a terminal

    try:
        return getpass(question)
    except EOFError:
        raise UsageError("nothing was typed") from None


def ask_password(question: str) -> str:
    """Ask at the terminal, without echo, until one can be sent; raise UsageError at its end."""
    while True:
        password = ask_secret(question)
        mistake = _mistake(password, is_new=False)
        if not mistake:
            return password
        click.echo(mistake, err=True)


def ask_new_password(question: str) -> str:
    """Say what it must be, and ask twice, until it is that; raise UsageError at input's end."""
    click.echo(_RULE, err=True)
    while True:
        password = ask_secret(question)
        mistake = _mistake(password, is_new=True)
        if not mistake and ask_secret("Once more: ") == password:
            return password
        click.echo(mistake or "the two passwords differ", err=True)


def _mistake(password: str, *, is_new: bool) -> str:
    try:
        check_password(password, is_new=is_new)
    except UsageError as error:
        return str(error)
    return ""
