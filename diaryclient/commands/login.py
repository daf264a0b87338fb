"""`diaryclient login`: what is asked at the terminal, and what is told afterwards.

Long, since a log-in asks for and tells so much.

Rules: a password comes from a prompt without echo, from standard input or from DIARY_PASSWORD, a
token from such a prompt or from standard input, neither from the command line, where other users
of the machine could see it. The login that a new one replaces ends on the server too, once the new
one works.
"""

import os
import sys
from collections.abc import Sequence
from typing import Final

import click

from diaryclient.asking.link import open_session
from diaryclient.commands.shared.delivering import deliver_older
from diaryclient.commands.shared.destination import find_target
from diaryclient.commands.shared.passwords import (
    ask_new_password,
    ask_password,
    ask_secret,
    check_password,
    read_password,
    read_secret_line,
)
from diaryclient.commands.shared.wishes import EXPIRES_HELP, SCOPE_HELP, parse_name, parse_scope
from diaryclient.commands.trusting import offer_to_move, parse_trust
from diaryclient.diary.open_diary import OpenDiary
from diaryclient.errors import (
    LostAnswerError,
    NotLoggedInError,
    UnreachableError,
    login_command,
)
from diaryclient.home.logins import Login, Logins, login_name
from diaryclient.home.settings import Choice
from diaryclient.login.lifetime import DEFAULT_LIFE, parse_life
from diaryclient.login.logging_in import Gatekeeper, Target, Trust, Wish, log_in, name_of_machine
from diaryclient.login.token_list import login_of, revoke, revoke_own
from diaryclient.screen.display import safe_line
from diaryclient.surroundings import Surroundings, has_terminal
from diaryclient.typed.dates import format_expiry
from protocol.address import Address
from protocol.errors import (
    DeniedError,
    DiaryError,
    MalformedError,
    NotFoundError,
    TokenExpiredError,
    TokenRevokedError,
    UsageError,
)
from protocol.invite import InviteEnd
from protocol.messages.base import Scope, allows
from protocol.tokenword import MAX_TOKEN_WORD, parse_token

_DELIVERING_SECONDS: Final = 10.0
_ENDING_SECONDS: Final = 3.0
"""For the end of the login that a new one replaces: nobody should wait long for that."""


@click.command("login")
@click.argument("where", metavar="[HOST|INVITE]", required=False)
@click.argument("user", required=False)
@click.option(
    "--invite-stdin", is_flag=True, help="Take an invite from standard input's first line."
)
@click.option(
    "--password-stdin", is_flag=True, help="Take the password from standard input's next line."
)
@click.option(
    "--fingerprint", metavar="SHA256:...", help="Trust the server that shows this, and no other."
)
@click.option(
    "--accept-new",
    is_flag=True,
    help="Trust whoever answers at a first contact, and send them your password.",
)
@click.option("--name", help="What the login is called in `token list`; else this machine's name.")
@click.option("--scope", "scopes", metavar="SCOPE", multiple=True, help=f"{SCOPE_HELP} Else full.")
@click.option("--expires", metavar="WHEN", help=EXPIRES_HELP)
@click.option(
    "--token-stdin", is_flag=True, help="Take a token, as `token create` prints it, from there."
)
@click.pass_obj
def command(  # noqa: PLR0913 - click's options
    surroundings: Surroundings,
    where: str | None,
    user: str | None,
    fingerprint: str | None,
    name: str | None,
    scopes: tuple[str, ...],
    expires: str | None,
    *,
    invite_stdin: bool,
    password_stdin: bool,
    accept_new: bool,
    token_stdin: bool,
) -> None:
    """Log in to a server, with a password, an invite or a token.

    HOST is host, host:port or [v6]:port. An INVITE is one word from the operator, carries all the
    rest, and asks for a new password. Without either you are asked: what stands on a command line
    can be seen by everybody on the machine. The password is prompted for, or taken from standard
    input or from DIARY_PASSWORD. With --token-stdin all comes with the token.

    \b
      diaryclient login
      diaryclient login diary.example.org alice
      diaryclient login diaryinvite1...
      diaryclient login --token-stdin < token
    """  # noqa: D301 - click's mark is a real backspace
    surroundings.zoned_clock()  # what would fail afterwards fails before anything is spent
    surroundings.check_disk()
    if token_stdin:
        others = (where, fingerprint, name, expires, *scopes)
        if any(others) or invite_stdin or password_stdin or accept_new:
            raise UsageError("a token carries all the rest; type: diaryclient login --token-stdin")
        _log_in_with_token(surroundings)
        return
    target = find_target(where, user, from_input=invite_stdin)
    wish = _wish(surroundings, name, scopes, expires)
    logins = surroundings.logins
    trust = parse_trust(fingerprint, logins, accept_new=accept_new)
    _set_damaged_aside(logins, target.address)
    gatekeeper = Gatekeeper(target, trust, logins.pinned(target.address))
    earlier = logins.current(login_name(target.address, target.user))
    login, ended = _log_in(surroundings, target, wish, gatekeeper, from_input=password_stdin)
    if ended:
        click.echo(
            f"diaryclient: you had as many logins as there may be, so one was ended for this one: "
            f"{safe_line(ended)}; what is left is shown by: diaryclient token list",
            err=True,
        )
    _begin_using(surroundings, login, earlier)


def _log_in(
    surroundings: Surroundings,
    target: Target,
    wish: Wish,
    gatekeeper: Gatekeeper,
    *,
    from_input: bool,
) -> tuple[Login, str]:
    """Get a token; ask for the password again where somebody may have mistyped it."""
    is_typed = not from_input and not surroundings.environment.get("DIARY_PASSWORD")
    while True:
        password = _password(surroundings, target, from_input=from_input)
        try:
            return _log_in_once(surroundings, target, password, wish, gatekeeper)
        except LostAnswerError as error:
            raise _lost(error, target) from None
        except DeniedError as error:
            if not is_typed or target.code:
                raise _denied(error, target) from None
            click.echo(f"diaryclient: {safe_line(str(error))}; again, or Ctrl-C", err=True)


def _log_in_once(
    surroundings: Surroundings, target: Target, password: str, wish: Wish, gatekeeper: Gatekeeper
) -> tuple[Login, str]:
    session = open_session(target.address, surroundings.clock, os.urandom)
    try:
        return log_in(
            target,
            password,
            wish,
            gatekeeper,
            logins=surroundings.logins,
            session=session,
            clock=surroundings.clock,
            chance=os.urandom,
        )
    finally:
        session.close()


def _wish(
    surroundings: Surroundings, name: str | None, scopes: Sequence[str], expires: str | None
) -> Wish:
    return Wish(
        label=name_of_machine() if name is None else parse_name(name),
        scopes=parse_scope(scopes or ("full",)),
        life=DEFAULT_LIFE
        if expires is None
        else parse_life(expires, surroundings.zoned_clock(), surroundings.date_order),
    )


def _password(surroundings: Surroundings, target: Target, *, from_input: bool) -> str:
    given = surroundings.environment.get("DIARY_PASSWORD")
    is_new = bool(target.code)
    if from_input:
        return check_password(read_password(), is_new=is_new)
    if given:
        return check_password(given, is_new=is_new)
    if not has_terminal():
        raise UsageError(
            "no terminal to ask for the password; use --password-stdin or DIARY_PASSWORD"
        )
    who = f"{target.user}@{target.address}"
    return (
        ask_new_password(f"New password of {who}: ")
        if is_new
        else ask_password(f"Password of {who}: ")
    )


def _lost(error: LostAnswerError, target: Target) -> LostAnswerError:
    if not target.code:
        return error
    command = login_command(target.address, target.user)
    return LostAnswerError(
        f"{error}; if the invite arrived, it is used, and the new password holds: type {command}"
    )


def _denied(error: DeniedError, target: Target) -> DeniedError:
    if error.note != InviteEnd.USED:
        return error
    command = login_command(target.address, target.user)
    return DeniedError(f"{error}; if it was you who used it, type {command}")


def _token_word() -> str:
    if has_terminal():
        return ask_secret("Token: ")
    return read_secret_line(4 * MAX_TOKEN_WORD, "token")


def _set_damaged_aside(logins: Logins, address: Address) -> None:
    """Make room for the login that is about to come; what a damaged file pinned is not known."""
    for words in logins.set_damaged_aside(Choice(server=address)):
        click.echo(f"diaryclient: {safe_line(words)}", err=True)


def _log_in_with_token(surroundings: Surroundings) -> None:
    try:
        word = parse_token(_token_word().strip())
    except MalformedError as error:
        raise UsageError(str(error)) from None
    logins = surroundings.logins
    _set_damaged_aside(logins, word.address)
    pinned = logins.pinned(word.address)
    Gatekeeper(Target(word.address, word.user, invited=word.fingerprint), Trust(), pinned)
    login = login_of(word, created=surroundings.clock.instant().wall, is_stored=True)
    earlier = logins.current(login.name)
    with surroundings.diary(login) as diary:
        known = diary.whoami()
        if known.user != login.user:
            raise MalformedError(f"the token is of {known.user}, not of {login.user}; not saved")
        logins.save(diary.login._replace(scopes=known.scopes, expires=known.expires))
        _welcome(surroundings, diary, earlier)


def _begin_using(surroundings: Surroundings, login: Login, earlier: Login | None) -> None:
    with surroundings.diary(login) as diary:
        try:
            diary.whoami()  # a token that is never used dies within minutes
        except UnreachableError as error:
            raise UnreachableError(
                f"{error}; the login is saved, but it ends within minutes unless it is used: "
                "type diaryclient whoami"
            ) from None
        _welcome(surroundings, diary, earlier)


def _welcome(surroundings: Surroundings, diary: OpenDiary, earlier: Login | None) -> None:
    login = diary.login
    until = format_expiry(login.expires, surroundings.zoned_clock())
    scope = "" if login.scopes == "full" else f", to {login.scopes.replace(' ', ' and ')} only"
    click.echo(f"logged in to {login.address} as {login.user} {until}{scope}")
    sys.stdout.flush()
    if surroundings.environment.get("DIARY_TOKEN"):
        click.echo("DIARY_TOKEN is set: it is used instead until it is unset", err=True)
    if earlier and earlier.id != login.id and earlier.fingerprint == login.fingerprint:
        _end(surroundings, diary, earlier)
    deliver_older(diary, seconds=_DELIVERING_SECONDS, has_new_login=True)
    offer_to_move(surroundings, login)


def _end(surroundings: Surroundings, diary: OpenDiary, earlier: Login) -> None:
    """Revoke a login that was replaced; one that has ended, or is not known, needs no word."""
    may_end_others = allows(diary.login.scopes, Scope.FULL)
    try:
        if may_end_others:
            revoke(diary.asker, earlier.kid, _ENDING_SECONDS)
        else:
            with surroundings.diary(earlier) as former:
                revoke_own(former.asker, _ENDING_SECONDS)
    except (NotFoundError, TokenExpiredError, TokenRevokedError):
        return
    except DiaryError as error:
        if isinstance(error, NotLoggedInError) and not may_end_others:
            return
        click.echo(
            "diaryclient: the earlier login may still live on the server; type: diaryclient token "
            f"revoke {earlier.id.hex()}",
            err=True,
        )
