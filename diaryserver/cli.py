"""The command line of the server: one way in, one way out."""

import json
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import click

from diaryserver.admin.operations import Json, check_password
from diaryserver.commands.copies import backup, restore
from diaryserver.commands.operating import operating
from diaryserver.commands.recover import recover
from diaryserver.commands.verify import verify
from diaryserver.configuration import Configuration, find_configuration, read_configuration
from diaryserver.serving import serve
from protocol.errors import DiaryError, UsageError

MAX_PASSWORD_LINE: Final = 4096


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    "chosen",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Configuration; else $DIARY_CONFIG, else /etc/diaryserver/server.toml.",
)
@click.version_option(package_name="network-diary", prog_name="diaryserver")
@click.pass_context
def diaryserver(context: click.Context, chosen: Path | None) -> None:
    """Keep diaries: serve in the foreground, or manage users while a server runs or not.

    Without a command it serves until Ctrl-C or SIGTERM.
    """
    context.obj = chosen
    if context.invoked_subcommand is None:
        serve(read_configuration(find_configuration(chosen)))


@diaryserver.group()
def user() -> None:
    """Manage the people who have a diary here."""


@user.command("add")
@click.argument("name")
@click.option("--password-stdin", is_flag=True, help="Read a password from standard input.")
@click.pass_obj
def user_add(chosen: Path | None, name: str, *, password_stdin: bool) -> None:
    """Create a user NAME and print an invite: one word for `diaryclient login INVITE`.

    The invite works once, for seven days; the same command again gives another one, as long as
    NAME has never logged in. With --password-stdin the user gets that password and no
    invite is made.
    """
    password = _read_password() if password_stdin else ""
    configuration = read_configuration(find_configuration(chosen))
    answer: Any = _operate(configuration, "user add", name=name, password=password)
    if answer["invite"]:
        click.echo(answer["invite"])
    else:
        click.echo(f"user {name} added", err=True)


@user.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
@click.pass_obj
def user_list(chosen: Path | None, *, as_json: bool) -> None:
    """List users: name, when created, whether they ever logged in, and how many logins live."""
    rows: Any = _operate(read_configuration(find_configuration(chosen)), "user list")
    if as_json:
        click.echo(json.dumps(rows))
        return
    for row in rows:
        logins = "1 login" if row["logins"] == 1 else f"{row['logins']} logins"
        click.echo(f"{row['name']:32} {row['created']} {row['state']:8} {logins}")


@user.command("remove")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def user_remove(chosen: Path | None, name: str, *, yes: bool) -> None:
    """Remove the user NAME: logins end at once, the diary is moved aside and kept."""
    configuration = read_configuration(find_configuration(chosen))
    if not yes:
        if not sys.stdin.isatty():
            raise UsageError("removing a user asks first; without a terminal, say --yes")
        click.confirm(f"Remove {name}? Every login ends; the diary is kept aside", abort=True)
    answer: Any = _operate(configuration, "user remove", name=name)
    kept = configuration.data / answer["diary"] if answer["diary"] else "there was none"
    click.echo(f"user {name} removed; the diary: {kept}", err=True)


@diaryserver.command()
@click.pass_obj
def fingerprint(chosen: Path | None) -> None:
    """Print what clients are shown at first contact."""
    click.echo(_operate(read_configuration(find_configuration(chosen)), "fingerprint"))


for command in (verify, backup, restore, recover):
    diaryserver.add_command(command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit status; without arguments, those of the process."""
    logging.basicConfig(format="diaryserver: %(message)s", stream=sys.stderr, level=logging.INFO)
    try:
        status = diaryserver(arguments, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        click.echo("diaryserver: nothing was done", err=True)
        return 130
    except DiaryError as error:
        for line in str(error).splitlines():
            click.echo(f"diaryserver: {line}", err=True)
        return error.exit_status
    except OSError as error:  # a full disk, say, where nobody foresaw one
        where = f"{error.filename}: " if error.filename else ""
        click.echo(f"diaryserver: {where}{error.strerror or error}", err=True)
        return 1
    return status if isinstance(status, int) else 0


def _operate(configuration: Configuration, command: str, **arguments: object) -> Json:
    with operating(configuration) as run:
        return run(command, arguments)


def _read_password() -> str:
    line = sys.stdin.buffer.readline(MAX_PASSWORD_LINE)
    try:
        password = line.decode().rstrip("\n")
    except UnicodeDecodeError:
        raise UsageError("the password is not UTF-8") from None
    check_password(password)
    return password
