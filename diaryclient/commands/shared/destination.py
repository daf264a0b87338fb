"""Where a login goes, and as whom: from the command line, standard input, or a prompt.

Rules: an invite is worth a login until it is used, and a command line is seen by everybody on the
machine: so there are two ways to give one that are none. The prompt shows what is typed, because an
address is typed there too, and because the invite is spent with the password that follows.
"""

import click

from diaryclient.commands.shared.passwords import read_secret_line
from diaryclient.home.settings import parse_server, parse_user
from diaryclient.login.logging_in import Target
from diaryclient.surroundings import has_terminal
from protocol.errors import MalformedError, UsageError
from protocol.invite import MAX_WORD, looks_like_invite, parse_invite
from protocol.tokenword import looks_like_token

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
        has_one = has_terminal()
        return _invited(_ask("Invite") if has_one else read_secret_line(4 * MAX_WORD, "invite"))
    if where is None:
        where = _ask("Invite, or server address")
    if looks_like_token(where):
        raise UsageError("this is a token, a secret: give it to diaryclient login --token-stdin")
    if looks_like_invite(where):
        if user is not None:
            raise UsageError("an invite names its user; type: diaryclient login INVITE")
        return _invited(where)
    address = parse_server(where, "HOST")
    return Target(address, parse_user(_ask("User") if user is None else user, "USER"))


def _invited(word: str) -> Target:
    try:
        invite = parse_invite(word.strip())
    except MalformedError as error:
        raise UsageError(str(error)) from None
    return Target(invite.address, invite.user, invite.code, invite.fingerprint)


def _ask(question: str) -> str:
    if not has_terminal():
        raise UsageError(_WAYS)
    answer: str = click.prompt(question, err=True)
    return answer.strip()
