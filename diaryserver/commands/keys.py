"""`diaryserver key` and `diaryserver fingerprint`."""

import json
import re
from pathlib import Path
from typing import Any, Final

import click

from diaryserver.commands.operating import operate
from diaryserver.commands.prompting import confirm
from protocol.errors import UsageError

_SPAN: Final = re.compile(r"([0-9]{1,5})(d|h)")
_MILLISECONDS: Final = {"d": 86_400_000, "h": 3_600_000}


@click.command()
@click.pass_obj
def fingerprint(chosen: Path | None) -> None:
    """Print what clients are shown at first contact."""
    click.echo(operate(chosen, "fingerprint"))


@click.group()
def key() -> None:
    """Look at the keys, or rotate the master key."""


@key.command("show")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
@click.pass_obj
def show(chosen: Path | None, *, as_json: bool) -> None:
    """Print the fingerprint and the master key's generations.

    No key is ever shown. Of each generation: when it was made, when it is destroyed, and how many
    logins need it.
    """
    answer: Any = operate(chosen, "key show")
    if as_json:
        click.echo(json.dumps(answer))
        return
    click.echo(answer["fingerprint"])
    for row in answer["generations"]:
        state = "current" if row["current"] else f"until {row['retires']}"
        logins = "1 login" if row["logins"] == 1 else f"{row['logins']} logins"
        click.echo(f"master.{row['generation']:<4} {row['created']} {state:32} {logins}")


@key.command("rotate")
@click.option(
    "--deadline",
    default="30d",
    show_default=True,
    metavar="SPAN",
    help="When older keys are destroyed: days (30d) or hours (12h); 0d is at once.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def rotate(chosen: Path | None, deadline: str, *, yes: bool) -> None:
    """Make a new master key, which all new logins use.

    Devices renew their logins by themselves when they next write or read. What is not renewed by
    the deadline ends, also tokens that were to end later or never; then the old key is destroyed.
    """
    lifetime = _parse_span(deadline)
    question = (
        f"Make a new master key? Devices that nobody uses within {deadline} must log in again"
        if lifetime
        else "Make a new master key? Every login ends at once"
    )
    confirm(question, "rotating the key", yes=yes)
    answer: Any = operate(chosen, "key rotate", lifetime=lifetime)
    click.echo(
        f"master.{answer['generation']} made; older keys are destroyed {answer['retires']}",
        err=True,
    )


def _parse_span(text: str) -> int:
    match = _SPAN.fullmatch(text)
    if match is None:
        raise UsageError(f"{text!r} is no span of time: say 30d, or 12h")
    return int(match[1]) * _MILLISECONDS[match[2]]
