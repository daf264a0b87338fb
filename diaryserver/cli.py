"""The command line of the server: one way in, one way out."""

import logging
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from diaryserver.commands.copies import backup, restore
from diaryserver.commands.keys import fingerprint, key
from diaryserver.commands.recover import recover
from diaryserver.commands.tokens import token
from diaryserver.commands.users import user
from diaryserver.commands.verify import verify
from diaryserver.configuration import find_configuration, read_configuration
from diaryserver.serving import serve
from protocol.errors import DiaryError


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
    """Keep diaries: serve in the foreground, or manage people and keys while a server runs or not.

    Without a command it serves until Ctrl-C or SIGTERM.
    """
    context.obj = chosen
    if context.invoked_subcommand is None:
        serve(read_configuration(find_configuration(chosen)))


for command in (user, token, key, fingerprint, verify, backup, restore, recover):
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
