"""`diaryclient write`: one entry from the words typed, from an editor, or from standard input."""

import click

from diaryclient.commands.writing import Wishes, write
from diaryclient.surroundings import Surroundings


@click.command("write", context_settings={"allow_interspersed_args": False})
@click.option("--at", metavar="WHEN", help="When it happened, if not now.")
@click.option("--star", is_flag=True, help="Star it.")
@click.option("--no-parse", is_flag=True, help="Take the text as it is: no time, no star in it.")
@click.option(
    "--no-keep",
    is_flag=True,
    help="Send it without keeping it here first, where the disk takes nothing: if no answer comes "
    "nobody knows whether it was saved, and nothing sends it again.",
)
@click.option("--tz", metavar="ZONE", help="Your time zone, if not this machine's.")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing on success.")
@click.argument("words", metavar="[TEXT]...", nargs=-1, type=click.UNPROCESSED)
@click.pass_obj
def command(  # noqa: PLR0913 - one for each option
    surroundings: Surroundings,
    *,
    words: tuple[str, ...],
    at: str | None,
    star: bool,
    no_parse: bool,
    no_keep: bool,
    tz: str | None,
    quiet: bool,
) -> None:
    """Write an entry.

    The words are joined with one space; options come before them, and `--` ends the options.
    Without words, a terminal opens $VISUAL or $EDITOR, and a pipe's content is the text as it is.
    If the server cannot be reached the entry waits in the outbox and is sent with the next command
    that reaches it.

    \b
      diaryclient write "Walked along the river. @outside"
      diaryclient write "yesterday at 3pm: Met Bob."
      diaryclient write --at "3 days ago" --star Concert
      df -h | diaryclient write --quiet

    What stands before the first colon is a time only if all of it is one, in figures, English or
    Chinese: `2026-11-22 15:04`, `22.11.2026`, yesterday, friday, `3 days ago`, `at 15:00`, `3pm`,
    昨天, 周三, 下午3点; docs/CLIENT.md has them all. A single `*` at the end of the title, which is
    the first sentence or line, stars the entry.
    """  # noqa: D301 - click's mark is a real backspace
    wishes = Wishes(at, star, not no_parse, quiet, not no_keep)
    write(surroundings.in_zone(tz), words, wishes)
