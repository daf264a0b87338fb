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
    """List live logins, their last use and their end.

    Id, user, scope, last use and from where, end, device. Times are UTC. The last use may be half a
    minute old. --json has all times to the second.
    """
    rows: Any = operate(chosen, "token list", name=name)
    if as_json:
        click.echo(json.dumps(rows))
        return
    cells = [_cells(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo(" ".join(padded).rstrip())


@token.command("revoke")
@click.argument("token_id", metavar="ID")
@click.option("--user", "name", metavar="NAME", help="It must be of this user.")
@click.pass_obj
def revoke(chosen: Path | None, token_id: str, name: str | None) -> None:
    """End the login ID at once and for good.

    Four characters of its beginning or end are enough if they are clear.
    """
    answer: Any = operate(chosen, "token revoke", token=token_id, name=name)
    click.echo(f"login {answer['id']} of {answer['user']} revoked", err=True)


def _cells(row: dict[str, str]) -> list[str]:
    """Give a row's columns, short enough for a terminal: minutes, and no wider than need be."""
    used = _minute(row["used"]) or "not used yet"
    ends = _minute(row["expires"]) or "never"
    who = [row["id"], row["user"], row["scope"].replace(" ", ",")]
    return [*who, used, row["address"] or "-", ends, printable(row["name"])]


def _minute(moment: str | None) -> str:
    return moment[:16].replace("T", " ") if moment else ""
