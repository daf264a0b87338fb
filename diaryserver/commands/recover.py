"""`diaryserver recover`: list what was set aside, and bring it back."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from diaryserver.commands.operating import check_data, operating
from diaryserver.configuration import Configuration, find_configuration, read_configuration
from diaryserver.maintenance.faults import printable
from diaryserver.maintenance.recovery import Aside, days_in, list_aside
from protocol.errors import NotFoundError, UsageError


@click.command()
@click.argument("name", required=False)
@click.option("--as", "user", metavar="USER", help="Into this user's diary, not its own.")
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON.")
@click.pass_obj
def recover(chosen: Path | None, name: str | None, user: str | None, *, as_json: bool) -> None:
    """List what was set aside, or bring NAME of that list back.

    Set aside is what was cleared, removed or quarantined. A cleared day goes back into its day, a
    removed user's diary, day by day, into the diary of the user of that name, or of USER. Entries
    that are there already are skipped, and what was set aside stays where it is. Works while a
    server runs or not.
    """
    configuration = read_configuration(find_configuration(chosen))
    check_data(configuration.data)
    found = list_aside(configuration.data)
    if name is not None:
        if as_json:
            raise UsageError("--json is for the list")
        _bring_back(configuration, _chosen(found, name), user)
    elif user is not None:
        raise UsageError("--as goes with a NAME of the list")
    elif as_json:
        click.echo(json.dumps([aside.as_json() for aside in found]))
    else:
        _print(found)


def _chosen(found: Sequence[Aside], name: str) -> Aside:
    for aside in found:
        if aside.name == name:
            return aside
    raise NotFoundError(f"nothing of the name {name} is set aside; `recover` lists what is")


def _bring_back(configuration: Configuration, aside: Aside, user: str | None) -> None:
    target = user or str(aside.user)
    days = days_in(configuration.data, aside)
    total = 0
    with operating(configuration) as run:
        for path in days:
            added: Any = run("recover", {"path": path, "user": target})
            total += added
    count = f"{total} records" if total != 1 else "1 record"
    what = count if total else "nothing: all of it was there already"
    click.echo(f"diaryserver: {aside.name}: brought back into {target}'s diary: {what}", err=True)


def _print(found: Sequence[Aside]) -> None:
    width = max((len(printable(aside.name)) for aside in found), default=0)
    for aside in found:
        when = "unknown" if aside.when is None else _moment(aside.when)
        entries = f"{aside.entries} entries" if aside.entries != 1 else "1 entry"
        name = printable(aside.name).ljust(width)
        click.echo(f"{name}  {aside.form.value:11}  {when:20}  {entries}, {aside.size} bytes")
    if not found:
        click.echo("diaryserver: nothing is set aside", err=True)


def _moment(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
