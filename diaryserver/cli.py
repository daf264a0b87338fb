"""The command line of the server: one way in, one way out. What is not typed is not imported."""

import logging
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Final, cast

import click

from protocol.errors import DiaryError

_MODULES: Final = {
    "user": "users",
    "token": "tokens",
    "key": "keys",
    "fingerprint": "keys",
    "verify": "verify",
    "backup": "copies",
    "restore": "copies",
    "recover": "recover",
}
"""Each command and its module in `diaryserver.commands`, which has it under its own name."""


class LazyGroup(click.Group):
    """A group that imports a command when it is called, or when all are listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Give the names in the order of the alphabet, as click does."""
        del ctx
        return sorted(_MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; None if there is none of that name."""
        del ctx
        if cmd_name not in _MODULES:
            return None
        module = import_module(f"diaryserver.commands.{_MODULES[cmd_name]}")
        return cast("click.Command", getattr(module, cmd_name))


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
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
        from diaryserver.configuration import (  # noqa: PLC0415 - only what is typed
            find_configuration,
            read_configuration,
        )
        from diaryserver.serving import serve  # noqa: PLC0415 - as above

        serve(read_configuration(find_configuration(chosen)))


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
