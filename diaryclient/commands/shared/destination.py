"""Where a login goes, and as whom: from the command line, standard input, or a prompt.

Rules: an invite is worth a login until it is used, and a command line is seen by everybody on the
machine: so there are two ways to give one that are none. The prompt shows what is typed, because an
address is typed there too, and because the invite is spent with the password that follows. Whoever
mistypes at a prompt is asked again, until Ctrl-C.
"""

from collections.abc import Callable
from typing import TypeVar

import click

from diaryclient.commands.shared.passwords import read_secret_line
from diaryclient.home.settings import parse_server, parse_user
from diaryclient.login.logging_in import Target
from diaryclient.screen.display import safe_line
from diaryclient.surroundings import has_terminal
from protocol.address import Address
from protocol.errors import MalformedError, UsageError
from protocol.identifiers import Username
from protocol.invite import MAX_WORD, looks_like_invite, parse_invite
from protocol.tokenword import looks_like_token

_Answer = TypeVar("_Answer")

_WAYS = "type: diaryclient login HOST USER, or diaryclient login INVITE"


def find_target(where: str | None, user: str | None, *, from_input: bool) -> Target:
    """Give the target of what was typed, asking on a terminal for what is missing.

    `from_input`: an invite stands on the next line of standard input. Raise UsageError.
    """
    if from_input:
        if where is not None:
            raise UsageError(
                "an invite carries all the rest; type: diaryclient login --invite-stdin"
            )
        if has_terminal():
            return _ask("Invite", _invited)
        return _invited(read_secret_line(4 * MAX_WORD, "invite"))
    if where is not None and user is not None and looks_like_invite(where):
        raise UsageError("an invite names its user; type: diaryclient login INVITE")
    place = _ask("Invite, or server address", _place) if where is None else _place(where)
    if isinstance(place, Target):
        return place
    return Target(place, _ask("User", _user) if user is None else _user(user))


def _place(where: str) -> Target | Address:
    if looks_like_token(where):
        raise UsageError("this is a token, a secret: give it to diaryclient login --token-stdin")
    if looks_like_invite(where):
        return _invited(where)
    return parse_server(where, "HOST")


def _user(name: str) -> Username:
    return parse_user(name, "USER")


def _invited(word: str) -> Target:
    try:
        invite = parse_invite(word.strip())
    except MalformedError as error:
        raise UsageError(str(error)) from None
    return Target(invite.address, invite.user, invite.code, invite.fingerprint)


def _ask(question: str, read: Callable[[str], _Answer]) -> _Answer:
    """Ask until the answer can be read."""
    if not has_terminal():
        raise UsageError(_WAYS)
    while True:
        answer: str = click.prompt(question, err=True)
        try:
            return read(answer.strip())
        except UsageError as error:
            click.echo(f"diaryclient: {safe_line(str(error))}; Ctrl-C leaves", err=True)
