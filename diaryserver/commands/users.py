"""`diaryserver user`: the people who have a diary here."""

import json
from pathlib import Path
from typing import Any

import click

from diaryserver.commands.operating import operate
from diaryserver.commands.prompting import confirm, read_password
from diaryserver.configuration import find_configuration, read_configuration


@click.group()
def user() -> None:
    """Manage the people who have a diary here."""


@user.command("add")
@click.argument("name")
@click.option("--password-stdin", is_flag=True, help="Read a password from standard input.")
@click.pass_obj
def add(chosen: Path | None, name: str, *, password_stdin: bool) -> None:
    """Create a user NAME and print an invite.

    It is one word, which `diaryclient login` asks for. It works once, for seven days; the same
    command again gives another one, as long as NAME has never logged in. With --password-stdin the
    user gets that password and no invite is made.
    """
    password = read_password(name, from_input=True) if password_stdin else ""
    answer: Any = operate(chosen, "user add", name=name, password=password)
    if answer["invite"]:
        click.echo(answer["invite"])
    else:
        click.echo(f"user {name} added", err=True)


@user.command("invite")
@click.argument("name")
@click.pass_obj
def invite(chosen: Path | None, name: str) -> None:
    """Print a new invite for the user NAME.

    Also if NAME has logged in before. It works once, for seven days, and voids an earlier one.
    Until it is used nothing changes; then the password it comes with replaces the old one, and all
    other logins of NAME end.
    """
    answer: Any = operate(chosen, "user invite", name=name)
    click.echo(answer["invite"])


@user.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
@click.pass_obj
def list_(chosen: Path | None, *, as_json: bool) -> None:
    """List users, and how many logins of each live.

    Name, when created (UTC), and `new` (has never logged in), `active` or `disabled`.
    """
    rows: Any = operate(chosen, "user list")
    if as_json:
        click.echo(json.dumps(rows))
        return
    for row in rows:
        logins = "1 login" if row["logins"] == 1 else f"{row['logins']} logins"
        click.echo(f"{row['name']:32} {row['created']} {row['state']:8} {logins}")


@user.command("passwd")
@click.argument("name")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--keep-tokens", is_flag=True, help="Let the devices stay logged in.")
@click.pass_obj
def passwd(chosen: Path | None, name: str, *, password_stdin: bool, keep_tokens: bool) -> None:
    """Give the user NAME another password.

    Every login ends, unless --keep-tokens.
    """
    _check_exists(chosen, name)
    password = read_password(name, from_input=password_stdin)
    answer: Any = operate(
        chosen, "user passwd", name=name, password=password, keep_tokens=keep_tokens
    )
    click.echo(f"password of {name} changed; {_ended(answer['ended'])}", err=True)


@user.command("disable")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def disable(chosen: Path | None, name: str, *, yes: bool) -> None:
    """Let the user NAME log in no more.

    All logins end for good, diary and password stay. Plain text for NAME gets no answer either,
    until `user enable NAME`.
    """
    _check_exists(chosen, name)
    confirm(f"Disable {name}? Every login ends for good", "disabling a user", yes=yes)
    answer: Any = operate(chosen, "user disable", name=name)
    click.echo(f"user {name} disabled; {_ended(answer['ended'])}", err=True)


@user.command("enable")
@click.argument("name")
@click.pass_obj
def enable(chosen: Path | None, name: str) -> None:
    """Let the user NAME log in again.

    The password is that of before; old logins stay ended.
    """
    operate(chosen, "user enable", name=name)
    click.echo(f"user {name} enabled", err=True)


@user.command("remove")
@click.argument("name")
@click.option("--purge", is_flag=True, help="Delete the diary for good instead of keeping it.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def remove(chosen: Path | None, name: str, *, purge: bool, yes: bool) -> None:
    """Remove the user NAME, and set the diary aside.

    Logins end at once, and the diary is kept: `recover` lists it. With --purge the diary is
    deleted, cleared days and quarantine too. Nothing brings it back but a backup. What an earlier
    user of that name left aside stays.
    """
    _check_exists(chosen, name)
    question = (
        f"Remove {name} and DELETE THE DIARY? Every login ends, and nothing brings it back"
        if purge
        else f"Remove {name}? Every login ends; the diary is kept aside"
    )
    confirm(question, "removing a user", yes=yes)
    answer: Any = operate(chosen, "user remove", name=name, purge=purge)
    if purge:
        click.echo(f"user {name} removed; the diary is deleted", err=True)
        return
    data = read_configuration(find_configuration(chosen)).data
    kept = data / answer["diary"] if answer["diary"] else "there was none"
    click.echo(f"user {name} removed; the diary: {kept}", err=True)


def _check_exists(chosen: Path | None, name: str) -> None:
    """Raise NotFoundError before anybody is asked to think about somebody who is not there."""
    operate(chosen, "user find", name=name)


def _ended(count: int) -> str:
    return {0: "no login ended", 1: "1 login ended"}.get(count, f"{count} logins ended")
