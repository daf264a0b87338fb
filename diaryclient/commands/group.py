"""All commands of `diaryclient` and its own options; a command is imported when it is typed.

Rules: what click itself finds wrong, or has shown, ends here with its exit status; all other
errors are told by `diaryclient.cli`.
"""

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Final, cast

import click

from diaryclient import __version__
from diaryclient.clock import Clock
from diaryclient.commands.shared.forgiving import ForgivingGroup
from diaryclient.commands.shared.other_words import no_such_option
from diaryclient.surroundings import COMPLETE_VARIABLE, Surroundings, tell_of_leftovers
from protocol.errors import UsageError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_COMMANDS: Final = {
    "login": "Log in, with a password, an invite or a token.",
    "write": "Write an entry.",
    "read": "Print entries, today's unless options select others.",
    "show": "Print one entry, named by the end of its id.",
    "search": "Print the entries that have all of some words.",
    "tags": "Print all tags with their counts.",
    "watch": "Print entries as they are written.",
    "edit": "Change an entry's text or star.",
    "rm": "Remove entries.",
    "undo": "Take the last change of an entry back.",
    "history": "Print all texts that an entry had.",
    "clear": "Set a day aside.",
    "recover": "List the days that were cleared, or bring one back.",
    "stats": "Print figures: entries, words, streaks, tags, hours.",
    "calendar": "Draw a year, and how much was written each day.",
    "on-this-day": "Print the entries of this day of every year.",
    "random": "Print one entry by chance.",
    "export": "Write the diary into a file: JSON, Markdown, HTML and more.",
    "import": "Bring another diary in: jrnl, Day One, JSON, a folder of texts.",
    "outbox": "List, send or drop what waits to be sent.",
    "plain": "Speak the old protocol: plain text, not signed.",
    "token": "List, make or revoke tokens for other machines.",
    "move": "Follow a server to another address.",
    "logout": "End a login, on the server too.",
    "passwd": "Change your password.",
    "account": "Delete your account.",
    "profile": "List the profiles of config.toml.",
    "whoami": "Print who you are to the server, until when, and with how much room.",
    "status": "Print the login in use, its end, and what waits.",
    "ping": "Measure the way to the server and back.",
    "doctor": "Look for what is wrong and say what to do.",
    "completion": "Print what a shell needs to complete commands.",
}
_MODULES: Final = {"import": "importing"}
"""Where a command's name can be no module's, because Python keeps the word to itself."""

_LEAVE_ALL_AS_IT_IS: Final = frozenset({"doctor", "completion", "plain"})
"""Commands that change nothing, or that know no folder."""


class LazyGroup(ForgivingGroup):
    """A group that knows its commands' names and imports one when it is called."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click's; raise UsageError for an option that has its place elsewhere."""
        try:
            return super().parse_args(ctx, args)
        except click.exceptions.NoSuchOption as error:
            words = no_such_option(error.option_name, _COMMANDS, _options_of_read())
            if words is None:
                raise
            raise UsageError(words) from None

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Give the names in the order of the help."""
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; None if there is none of that name."""
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        module = _MODULES.get(cmd_name, cmd_name.replace("-", "_"))
        return cast("click.Command", import_module(f"diaryclient.commands.{module}").command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem[str]]":
        """Complete commands without importing them, and options."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415 - only at a shell's Tab

        named = [
            CompletionItem(name, help=words)
            for name, words in _COMMANDS.items()
            if name.startswith(incomplete)
        ]
        return [*named, *click.Command.shell_complete(self, ctx, incomplete)]


def _options_of_read() -> frozenset[str]:
    from diaryclient.commands.read import command  # noqa: PLC0415 - only after a mistake

    return frozenset(option for each in command.params for option in each.opts)


def _complete_profile(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> "list[CompletionItem[str]]":
    from diaryclient.commands.shared.completing import complete_profile  # noqa: PLC0415 - as above

    return complete_profile(context, parameter, incomplete)


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    invoke_without_command=True,
    epilog=(
        "Exit status: 0 ok, 1 error, 2 usage, 3 log in (again), 4 unreachable, 5 queued, "
        "6 refused, 7 not found, 8 done but not printed, 130 interrupted."
    ),
)
@click.option("--server", metavar="HOST", help="Use the login to this server.")
@click.option("--user", metavar="NAME", help="Use the login of this user.")
@click.option(
    "--profile",
    metavar="NAME",
    help="Use what config.toml says of this profile.",
    shell_complete=_complete_profile,
)
@click.option("--yes", is_flag=True, help="Without a command: let -c clear today unasked.")
@click.version_option(__version__, prog_name="diaryclient", message="%(prog)s %(version)s")
@click.pass_context
def cli(
    context: click.Context, server: str | None, user: str | None, profile: str | None, *, yes: bool
) -> None:
    """Write to and read from your diary on a server.

    Without a command, on a terminal: shows today and what others add to it, and takes entries.

    \b
      a line   is an entry; after a backslash at its end it goes on in the next
               line, and two backslashes are one
      -r       shows today again
      -c       asks, then clears today
      Ctrl-C   drops the line; the Up key brings it back
      Ctrl-D   leaves

    Without a command and without a terminal: each line of standard input is an entry, -r and -c are
    as above, but -c needs --yes. What cannot be sent waits in the outbox. The exit status is that
    of the worst line.

    Several logins live side by side: --server and --user, then DIARY_SERVER and DIARY_USER, then
    config.toml choose one; else it is the newest. --profile or DIARY_PROFILE names a pair of them
    in config.toml. A token in DIARY_TOKEN needs no login.

    \b
      diaryclient write "Walked along the river. @outside"
      diaryclient read --from monday --short
      printf 'one entry\\nand another\\n' | diaryclient
    """  # noqa: D301 - click's mark is a real backspace
    environment, clock = context.obj
    context.obj = Surroundings.of(
        {"server": server, "user": user, "profile": profile}, environment, clock
    )
    if context.invoked_subcommand not in _LEAVE_ALL_AS_IT_IS:
        tell_of_leftovers(context.obj)
    if context.invoked_subcommand is None:
        import_module("diaryclient.commands.bare").run(context.obj, yes=yes)
    elif yes:
        raise UsageError("--yes is for diaryclient without a command")


def run(words: Sequence[str], environment: Mapping[str, str], clock: Clock) -> int:
    """Run what was typed, or complete it for a shell, and give the exit status.

    Raise DiaryError, or KeyboardInterrupt also for what interrupts a question.
    """
    if COMPLETE_VARIABLE in environment:
        from diaryclient.commands.shared.completing import complete  # noqa: PLC0415 - as above

        return complete(cli, environment, clock)
    try:
        with cli.make_context("diaryclient", list(words), obj=(environment, clock)) as context:
            cli.invoke(context)
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        raise KeyboardInterrupt from None
    return 0
