"""`diaryserver token`: the logins of people's devices."""

import json
from pathlib import Path
from typing import Any

import click

from diaryserver.commands.operating import operate
from diaryserver.maintenance.faults import printable


@click.group()
def token() -> None:
    """Look at the logins of people's devices, or end one."""


@token.command("list")
@click.option("--user", "name", metavar="NAME", help="Of this user only.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
@click.pass_obj
def list_(chosen: Path | None, name: str | None, *, as_json: bool) -> None:
    """List live logins: id, user, scope, last used and from where, when it ends, device.

    Times are UTC. The last use may be half a minute old.
    """
    rows: Any = operate(chosen, "token list", name=name)
    if as_json:
        click.echo(json.dumps(rows))
        return
    for row in rows:
        used = f"{row['used'] or 'not used yet':25} {row['address'] or '-':15}"
        ends = row["expires"] or "never"
        who = f"{row['id']} {row['user']:16} {row['scope']:5}"
        click.echo(f"{who} {used} {ends:25} {printable(row['name'])}")


@token.command("revoke")
@click.argument("token_id", metavar="ID")
@click.option("--user", "name", metavar="NAME", help="It must be of this user.")
@click.pass_obj
def revoke(chosen: Path | None, token_id: str, name: str | None) -> None:
    """End the login ID at once and for good; beginning or end of ID is enough if it is clear."""
    answer: Any = operate(chosen, "token revoke", token=token_id, name=name)
    click.echo(f"login {answer['id']} of {answer['user']} revoked", err=True)
