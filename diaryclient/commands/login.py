"""`diaryclient login`: what is asked at the terminal, and what is told afterwards.

Rules: a password comes from a prompt without echo, from standard input or from DIARY_PASSWORD,
never from the command line, where other users of the machine could see it.
"""

import os
import sys
from typing import Final

import click

from diaryclient.commands.delivering import deliver_older
from diaryclient.commands.surroundings import Surroundings, has_terminal
from diaryclient.dates import format_expiry
from diaryclient.errors import UnreachableError
from diaryclient.link import open_session
from diaryclient.login import Gatekeeper, Target, Trust, log_in
from diaryclient.logins import Login
from diaryclient.settings import parse_server, parse_user
from protocol.errors import MalformedError, UsageError
from protocol.identity import parse_fingerprint
from protocol.invite import looks_like_invite, parse_invite

_SHORTEST_NEW: Final = 8
_MAX_PASSWORD_BYTES: Final = 256
_DELIVERING_SECONDS: Final = 10.0


@click.command("login")
@click.argument("where", metavar="HOST|INVITE")
@click.argument("user", required=False)
@click.option(
    "--password-stdin", is_flag=True, help="Take the password from standard input's first line."
)
@click.option(
    "--fingerprint", metavar="SHA256:...", help="Trust the server that shows this, and no other."
)
@click.option(
    "--accept-new",
    is_flag=True,
    help="Trust whoever answers at a first contact, and send them your password.",
)
@click.pass_obj
def command(  # noqa: PLR0913 - click's options
    surroundings: Surroundings,
    where: str,
    user: str | None,
    fingerprint: str | None,
    *,
    password_stdin: bool,
    accept_new: bool,
) -> None:
    """Log in to a server, with a password or an invite.

    HOST is host, host:port or [v6]:port. An INVITE is one word from the operator, carries all the
    rest, and asks for a new password. The password is prompted for, or taken from standard input
    or from DIARY_PASSWORD.
    """
    target = _target(where, user)
    trust = _trust(fingerprint, accept_new=accept_new)
    logins = surroundings.logins
    gatekeeper = Gatekeeper(target, trust, logins.pinned(target.address))
    password = _password(surroundings, target, from_input=password_stdin)
    session = open_session(target.address, surroundings.clock, os.urandom)
    try:
        login = log_in(
            target,
            password,
            gatekeeper,
            logins=logins,
            session=session,
            clock=surroundings.clock,
            chance=os.urandom,
        )
    finally:
        session.close()
    _begin_using(surroundings, login)


def _target(where: str, user: str | None) -> Target:
    if not looks_like_invite(where):
        if user is None:
            raise UsageError("type: diaryclient login HOST USER, or diaryclient login INVITE")
        return Target(parse_server(where, "HOST"), parse_user(user, "USER"))
    if user is not None:
        raise UsageError("an invite names its user; type: diaryclient login INVITE")
    try:
        invite = parse_invite(where)
    except MalformedError as error:
        raise UsageError(str(error)) from None
    return Target(invite.address, invite.user, invite.code, invite.fingerprint)


def _trust(fingerprint: str | None, *, accept_new: bool) -> Trust:
    if fingerprint is not None:
        try:
            parse_fingerprint(fingerprint)
        except MalformedError as error:
            raise UsageError(f"--fingerprint: {error}") from None
    return Trust(fingerprint, accept_new, _ask_trust if has_terminal() else None)


def _ask_trust(shown: str) -> bool:
    click.echo(f"This server is new here. It shows {shown}", err=True)
    return click.confirm("Is that what its operator told you?", default=False, err=True)


def _password(surroundings: Surroundings, target: Target, *, from_input: bool) -> str:
    given = surroundings.environment.get("DIARY_PASSWORD")
    if from_input:
        password = _first_line()
    elif given:
        password = given
    elif not has_terminal():
        raise UsageError(
            "no terminal to ask for the password; use --password-stdin or DIARY_PASSWORD"
        )
    else:
        password = _prompt(target)
    return _checked(password, is_new=bool(target.code))


def _checked(password: str, *, is_new: bool) -> str:
    try:
        size = len(password.encode())
    except UnicodeEncodeError:
        raise UsageError("the password is not valid UTF-8") from None
    if size == 0:
        raise UsageError("the password is empty")
    if size > _MAX_PASSWORD_BYTES:
        raise UsageError(
            f"the password has {size} bytes, at most {_MAX_PASSWORD_BYTES} are allowed"
        )
    if is_new and len(password) < _SHORTEST_NEW:
        raise UsageError(f"a new password has {_SHORTEST_NEW} characters at least")
    return password


def _first_line() -> str:
    data = sys.stdin.buffer.readline(4 * _MAX_PASSWORD_BYTES) if sys.stdin else b""
    try:
        return data.decode().removesuffix("\n")
    except UnicodeDecodeError:
        raise UsageError("standard input is not valid UTF-8") from None


def _prompt(target: Target) -> str:
    from getpass import getpass  # noqa: PLC0415 - not needed with --password-stdin

    who = f"{target.user}@{target.address}"
    try:
        if not target.code:
            return getpass(f"Password of {who}: ")
        password = _checked(getpass(f"New password of {who}: "), is_new=True)
        if getpass("Once more: ") != password:
            raise UsageError("the two passwords differ; nothing was sent")
    except EOFError:
        raise UsageError("no password was typed") from None
    return password


def _begin_using(surroundings: Surroundings, login: Login) -> None:
    with surroundings.diary(login) as diary:
        try:
            diary.whoami()  # a token that is never used dies within minutes
        except UnreachableError as error:
            raise UnreachableError(
                f"{error}; the login is saved, but it ends within minutes unless it is used: "
                "type diaryclient whoami"
            ) from None
        until = format_expiry(login.expires, surroundings.clock)
        click.echo(f"logged in to {login.address} as {login.user} {until}")
        deliver_older(diary, seconds=_DELIVERING_SECONDS, has_new_login=True)
