"""`diaryclient doctor`: what is not well, and what to type."""

import json
import sys
from typing import Final

import click

from diaryclient.commands.shared.fitting import fitted
from diaryclient.health.diagnosis import Finding, State, diagnose, exit_status
from diaryclient.health.examination import examine
from diaryclient.screen.display import safe_line
from diaryclient.surroundings import Surroundings

_LABEL: Final = 18
"""Columns of a row's state and check, and the spaces behind them."""

_MARKS: Final = {State.OK: "ok", State.PROBLEM: "PROBLEM", State.UNKNOWN: "-"}


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list of the findings.")
@click.pass_obj
def command(surroundings: Surroundings, *, as_json: bool) -> None:
    """Look for what is wrong and say what to do.

    Settings, login, name, server, identity, token, clock, files, disk, outbox and drafts, one line
    each. Nothing is changed; a file is written and removed, to see whether it can be. The exit
    status is that of the first problem, 0 if all is well; what comes first often causes what comes
    after it. It takes up to 16 seconds if the network is silent.

    \b
      diaryclient doctor
      diaryclient --server diary.example.org doctor --json
    """  # noqa: D301 - click's mark is a real backspace
    findings = diagnose(
        examine(
            surroundings.places,
            lambda: surroundings.settings,
            surroundings.find_login,
            surroundings.diary,
            surroundings.zoned_clock,
        )
    )
    if as_json:
        click.echo(json.dumps([_as_json(each) for each in findings], indent=2))
    else:
        for each in findings:
            click.echo(_as_row(each))
    sys.stdout.flush()
    if status := exit_status(findings):
        raise click.exceptions.Exit(status)


def _as_row(finding: Finding) -> str:
    words = f"{finding.words}; {finding.advice}" if finding.advice else finding.words
    # A message of several lines is about several mistakes.
    first, *further = [safe_line(line) for line in words.split("\n")]
    rows = [f"{_MARKS[finding.state]:<7} {finding.check:<9} {first}"]
    return "\n".join(
        fitted(row, _LABEL) for row in rows + [f"{'':{_LABEL}}{each}" for each in further]
    )


def _as_json(finding: Finding) -> dict[str, str | int]:
    return {
        "check": finding.check,
        "state": finding.state,
        "message": finding.words,
        "advice": finding.advice,
        "status": finding.status,
    }
