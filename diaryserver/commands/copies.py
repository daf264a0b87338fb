"""`diaryserver backup` and `diaryserver restore`."""

import os
from functools import partial
from pathlib import Path

import click

from diaryserver.clock import SystemClock
from diaryserver.commands.operating import check_data, settle, wait_for_writers
from diaryserver.configuration import find_configuration, read_configuration
from diaryserver.maintenance import restore as restoring
from diaryserver.maintenance.backup import back_up
from diaryserver.maintenance.faults import printable


@click.command()
@click.argument("destination", metavar="DEST", type=click.Path(path_type=Path))
@click.option("--with-keys", is_flag=True, help="Copy the keys too.")
@click.pass_obj
def backup(chosen: Path | None, destination: Path, *, with_keys: bool) -> None:
    """Copy everything to a new folder DEST.

    It works while a server runs or not, and every entry that was acknowledged before is in it.
    DEST/SHA256SUMS is written last; without it a backup is unfinished. `sha256sum -c SHA256SUMS`,
    in DEST, checks it.

    Without --with-keys the key files are left out: keep a copy of them apart. Database and
    keys together open recorded traffic.
    """
    data = read_configuration(find_configuration(chosen)).data
    check_data(data)
    now = SystemClock().now()
    settle(data)
    done = back_up(data, destination, partial(wait_for_writers, data), now, with_keys=with_keys)
    for path in done.left_out:
        click.echo(f"diaryserver: left out, not a file: {printable(path)}", err=True)
    keys = "with the keys" if with_keys else "without the keys: keep a copy of them elsewhere"
    click.echo(
        f"diaryserver: {len(done.sums)} files, {done.size} bytes in {destination}, {keys}", err=True
    )


@click.command()
@click.argument("source", metavar="SRC", type=click.Path(path_type=Path))
@click.option(
    "--keys",
    "keys_folder",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Where the keys are, if not in the backup.",
)
@click.option("--new-keys", is_flag=True, help="Make new keys: every login and password ends.")
@click.option("--accept-faults", is_flag=True, help="Restore even what verify finds faults in.")
@click.pass_obj
def restore(
    chosen: Path | None,
    source: Path,
    *,
    keys_folder: Path | None,
    new_keys: bool,
    accept_faults: bool,
) -> None:
    """Put the backup SRC in place of an empty data_dir.

    data_dir, of the configuration, must not exist, or be empty. The backup is checked against its
    SHA256SUMS first, then copied aside, verified, and renamed into place: all of it is there
    afterwards, or nothing.

    With --new-keys nothing that was made with the old keys works: tokens, passwords and invites are
    dropped, clients see a new fingerprint, and `user add NAME` gives each user a new invite.
    """
    data = read_configuration(find_configuration(chosen)).data
    keys = restoring.Keys(keys_folder, fresh=new_keys)
    try:
        now = SystemClock().now()
        done = restoring.restore(source, data, keys, os.urandom, now, accept=accept_faults)
    except restoring.FaultyBackupError as error:
        for fault in error.faults:
            click.echo(str(fault))
        raise
    click.echo(f"diaryserver: restored to {data}: {done.report.summary()}", err=True)
    if done.ended_logins:
        count = "1 login" if done.ended_logins == 1 else f"{done.ended_logins} logins"
        click.echo(f"diaryserver: of a key destroyed since, and ended: {count}", err=True)
    if new_keys:
        click.echo(
            "diaryserver: with new keys: every login, password and invite has ended;"
            " give each user a new invite: user add NAME",
            err=True,
        )
