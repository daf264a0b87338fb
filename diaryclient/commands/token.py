"""`diaryclient token`: the tokens of a user, for other machines and scheduled jobs.

Rules: a new token's word is the last line of standard output and is shown once; what is said about
it goes to standard error. A token is named by its whole name, or by any beginning or end of its id
of four characters at least; what names several names none.
"""

import json
import sys
from datetime import UTC, datetime
from typing import Final

import click

from diaryclient.clock import Clock
from diaryclient.commands.logout import log_out
from diaryclient.commands.shared.delivering import deliver_older
from diaryclient.commands.shared.fitting import fitted
from diaryclient.commands.shared.forgiving import ForgivingGroup
from diaryclient.commands.shared.wishes import EXPIRES_HELP, SCOPE_HELP, parse_name, parse_scope
from diaryclient.diary.open_diary import OpenDiary
from diaryclient.errors import NoSuchTokenError, UnreachableError
from diaryclient.home.logins import Login
from diaryclient.login.lifetime import DEFAULT_LIFE, parse_life
from diaryclient.login.token_list import list_tokens, mint, revoke
from diaryclient.screen.display import format_minute, safe_line
from diaryclient.screen.streams import is_unheard
from diaryclient.surroundings import Surroundings, has_terminal
from diaryclient.typed.dates import format_expiry
from protocol.errors import UsageError
from protocol.messages.account import TokenRow
from protocol.messages.base import Scope, allows
from protocol.stamp import Stamp
from protocol.tokenword import TokenWord

_SHORTEST: Final = 4
"""Characters that name a token: one or two would mostly name one as well, but by mistake too."""


@click.group("token", cls=ForgivingGroup)
def command() -> None:
    """List, make or revoke tokens for other machines.

    \b
      diaryclient token list
      diaryclient token create --name cron --scope write --expires 30d
      diaryclient token revoke 4fb39

    The other machine takes one with `diaryclient login --token-stdin`, or finds it in DIARY_TOKEN.
    """  # noqa: D301 - click's mark is a real backspace


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list; times are ISO 8601.")
@click.pass_obj
def list_all(surroundings: Surroundings, *, as_json: bool) -> None:
    """Show who may use the diary, and until when.

    Id, name, scope, when it was made, its last use and from where, its end.

    \b
      diaryclient token list
      diaryclient token list --json
    """  # noqa: D301 - click's mark is a real backspace
    with surroundings.diary(surroundings.login()) as diary:
        rows = list_tokens(diary.asker)
        if as_json:
            # Escaped beyond ASCII: names are free, and what shows this may be a terminal.
            click.echo(json.dumps([_as_json(row) for row in rows], indent=2))
        else:
            for row in rows:
                click.echo(fitted(_as_line(row, surroundings.zoned_clock())))
        deliver_older(diary)


@command.command("create")
@click.option("--name", required=True, help="What it is for, as `token list` shows it.")
@click.option("--scope", "scopes", metavar="SCOPE", multiple=True, required=True, help=SCOPE_HELP)
@click.option("--expires", metavar="WHEN", help=EXPIRES_HELP)
@click.pass_obj
def create(
    surroundings: Surroundings, name: str, scopes: tuple[str, ...], expires: str | None
) -> None:
    """Make a token and print it, once, as one word.

    It may do no more than the login that makes it, and lives no longer.

    \b
      diaryclient token create --name cron --scope write --expires 30d
    """  # noqa: D301 - click's mark is a real backspace
    label, wanted = parse_name(name), parse_scope(scopes)
    life = (
        DEFAULT_LIFE
        if expires is None
        else parse_life(expires, surroundings.zoned_clock(), surroundings.date_order)
    )
    with surroundings.diary(surroundings.login()) as diary:
        try:
            word = mint(diary.asker, label, wanted, life)
        except UnreachableError as error:
            raise UnreachableError(
                f"{error}; if `diaryclient token list` shows {label} all the same, revoke it: its "
                "word is lost"
            ) from None
        click.echo(_explanation(word, label, surroundings.zoned_clock()), err=True)
        click.echo(word.encode())
        sys.stdout.flush()
        if is_unheard():
            end = f"diaryclient token revoke {word.kid.hex()}"
            click.echo(
                f"diaryclient: the token was not printed, so nobody has it; to end it: {end}",
                err=True,
            )
        deliver_older(diary)


@command.command("revoke")
@click.argument("wanted", metavar="ID|NAME")
@click.option("--yes", is_flag=True, help="Do not ask, even if it is this machine's own.")
@click.pass_obj
def end(surroundings: Surroundings, wanted: str, *, yes: bool) -> None:
    """End a token at once.

    ID is a beginning or end of its id, of four characters or more; NAME is its whole name, if only
    one token has it.

    \b
      diaryclient token revoke 4fb39
      diaryclient token revoke cron
    """  # noqa: D301 - click's mark is a real backspace
    login = surroundings.login()
    with surroundings.diary(login) as diary:
        found, name = _find(diary, wanted, surroundings.zoned_clock())
        if found != login.id:
            revoke(diary.asker, found)
            click.echo(f"revoked {found.hex()} {safe_line(name)}")
            deliver_older(diary)
            return
    if not yes:
        _confirm_own(found)
    log_out(surroundings, login)


def _find(diary: OpenDiary, wanted: str, clock: Clock) -> tuple[bytes, str]:
    """Give the id and the name of the token that is meant."""
    if not allows(diary.login.scopes, Scope.FULL) and _is_own(wanted, diary.login):
        return diary.login.id, diary.login.label  # it may end itself, and see no other
    found = [row for row in list_tokens(diary.asker) if _is_meant(wanted, row.id, row.label)]
    if not found and len(wanted) < _SHORTEST:
        raise UsageError(
            f"no token has the name {wanted}; of an id type {_SHORTEST} characters or more, as "
            "diaryclient token list shows it; nothing was revoked"
        )
    if not found:
        raise NoSuchTokenError(
            f"no token has the name {wanted}, or an id that begins or ends so; nothing was revoked"
        )
    if len(found) > 1:
        rows = [_as_line(row, clock) for row in found]
        raise UsageError("\n".join([f"{wanted} names several tokens; nothing was revoked:", *rows]))
    # The row may carry the id of a line that this login does not know as its own.
    return diary.login.id if found[0].own else found[0].id, found[0].label


def _is_own(wanted: str, login: Login) -> bool:
    return _is_meant(wanted, login.id, login.label)


def _is_meant(wanted: str, token_id: bytes, name: str) -> bool:
    digits, whole = wanted.lower(), token_id.hex()
    names_id = len(digits) >= _SHORTEST and (whole.startswith(digits) or whole.endswith(digits))
    return names_id or (bool(wanted) and wanted == name)


def _confirm_own(token_id: bytes) -> None:
    if not has_terminal():
        raise UsageError(
            f"{token_id.hex()} is the login in use here, and nobody can be asked; type --yes, or "
            "diaryclient logout; nothing was revoked"
        )
    question = f"{token_id.hex()} is the login in use here. Revoke it and log out?"
    if not click.confirm(question, default=False, err=True):
        raise UsageError("nothing was revoked")


def _as_line(row: TokenRow, clock: Clock) -> str:
    used = f"used {_minute(row.used, clock)}" if row.used else "never used"
    words = [
        f"{row.id.hex()} {safe_line(row.label)}: {row.scopes}",
        f"made {_minute(row.created, clock)}",
        f"{used} from {safe_line(row.address)}" if row.address else used,
        format_expiry(row.expires, clock),
    ]
    return ", ".join(words) + " (this one)" * row.own


def _minute(at: int, clock: Clock) -> str:
    return format_minute(Stamp(at, clock.local_offset(at)))


def _as_json(row: TokenRow) -> dict[str, str | bool | list[str] | None]:
    return {
        "id": row.id.hex(),
        "name": row.label,
        "scope": row.scopes.split(" "),
        "created": _iso(row.created),
        "last_used": _iso(row.used),
        "last_address": row.address or None,
        "expires": _iso(row.expires),
        "own": row.own,
    }


def _iso(at: int) -> str | None:
    if not at:
        return None
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds")


def _explanation(word: TokenWord, name: str, clock: Clock) -> str:
    may = "do everything" if word.scopes == "full" else word.scopes.replace(" ", " and ")
    until = format_expiry(word.expires, clock)
    is_renewed = bool(word.expires) and not word.fixed
    renews = ", and renews itself where it is a login" if is_renewed else ""
    facts = f"{safe_line(name)} {word.kid.hex()}: may {may}, {until}{renews}"
    use = "use it elsewhere as DIARY_TOKEN, or type there: diaryclient login --token-stdin"
    alone = "\nfor one machine: when it renews itself, it ends wherever else it is" * is_renewed
    return f"{facts}; shown once, keep it like a password\n{use}{alone}"
