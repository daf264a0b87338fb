"""`diaryserver verify`: say what is wrong with the data; mend what is beyond doubt."""

import json
import os
from functools import partial
from pathlib import Path

import click

from diaryserver.commands.operating import check_data
from diaryserver.configuration import find_configuration, read_configuration
from diaryserver.datalock import DataInUseError, own_data
from diaryserver.engine import open_entries
from diaryserver.errors import DataError, FaultsFoundError
from diaryserver.maintenance import verify as looking
from diaryserver.maintenance.repair import repair as mend


@click.command()
@click.option("--repair", is_flag=True, help="Mend what is provably wrong; without a server only.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
@click.pass_obj
def verify(chosen: Path | None, *, repair: bool, as_json: bool) -> None:
    """Check every file, and print a line for each fault.

    It says file, line and kind, never diary text. It changes nothing, and works while a server runs
    or not. The exit status is 1 if there are faults.

    --repair sets permissions right, sets torn ends aside, and drops records that a file holds twice
    byte for byte; what it takes out of a file is kept in the diary's quarantine. All other faults
    are left to you.
    """
    data = read_configuration(find_configuration(chosen)).data
    if repair:
        _repair(data)
    report = looking.verify(data)
    if as_json:
        click.echo(json.dumps([finding.as_json() for finding in report.findings]))
    else:
        for finding in report.findings:
            click.echo(str(finding))
    if report.faults:
        raise FaultsFoundError(report.summary())
    click.echo(f"diaryserver: {report.summary()}", err=True)


def _repair(data: Path) -> None:
    check_data(data)
    if data.stat().st_uid != os.geteuid():
        raise DataError(f"{data} belongs to user {data.stat().st_uid}: repair as that user")
    try:
        with own_data(data):
            for done in mend(data, partial(_replay, data)):
                click.echo(f"diaryserver: {done}", err=True)
    except DataInUseError:
        raise DataError("a server is running on these data: stop it, then repair") from None


def _replay(data: Path) -> None:
    with open_entries(data) as entries:  # as at a start, this replays the journal
        entries.settle()
