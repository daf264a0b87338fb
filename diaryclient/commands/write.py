"""`diaryclient write`: one entry from the words typed, or from standard input.

Rules: the text is on the disk before anything is sent, and where that is impossible it is printed
back, because what came through a pipe cannot be typed again. The answer is printed before older
entries are sent.
"""

import sys
from typing import Final

import click

from diaryclient.commands.delivering import deliver_older
from diaryclient.commands.surroundings import Surroundings, has_terminal
from diaryclient.diary import Diary
from diaryclient.display import format_quoted
from diaryclient.errors import NotKeptError, TextTooLongError
from diaryclient.keeping import check_text, format_saved, keep, put
from diaryclient.outbox import Entry
from protocol.errors import DiaryError, UsageError
from protocol.messages import MAX_TEXT_BYTES

_MOST_INPUT: Final = 1 << 20
"""Bytes of standard input; a thousand times what is sent, and it all goes into the outbox."""


@click.command("write", context_settings={"allow_interspersed_args": False})
@click.option("--quiet", "-q", is_flag=True, help="Print nothing on success.")
@click.argument("words", metavar="[TEXT]...", nargs=-1, type=click.UNPROCESSED)
@click.pass_obj
def command(surroundings: Surroundings, words: tuple[str, ...], quiet: bool) -> None:  # noqa: FBT001 - click's flag
    """Write an entry.

    The words are joined with one space; options come before them, and `--` ends the options.
    Without words, standard input is the text. If the server cannot be reached the entry waits in
    the outbox and is sent with the next command that reaches it.
    """
    text = check_text(" ".join(words) if words else _read_input())
    try:
        diary = surroundings.diary(surroundings.login())
    except DiaryError:
        _give_back(text)
        raise
    with diary:
        entry = _keep(diary, text)
        stored = put(diary, entry)
        if not quiet:
            click.echo(format_saved(diary, stored))
        deliver_older(diary, quiet=quiet)


def _read_input() -> str:
    if sys.stdin is None:
        return ""
    if has_terminal():
        click.echo("Type the entry, then Ctrl-D.", err=True)
    data = sys.stdin.buffer.read(_MOST_INPUT + 1)
    if len(data) > _MOST_INPUT:
        raise TextTooLongError(
            f"standard input has more than {_MOST_INPUT} bytes, an entry at most {MAX_TEXT_BYTES}; "
            "nothing was saved"
        )
    try:
        return data.decode().removesuffix("\n")
    except UnicodeDecodeError:
        raise UsageError("standard input is not valid UTF-8; nothing was saved") from None


def _keep(diary: Diary, text: str) -> Entry:
    try:
        return keep(diary, text)
    except NotKeptError as error:
        _give_back(text)
        raise NotKeptError(f"{error}; the text is printed above") from None


def _give_back(text: str) -> None:
    click.echo(format_quoted(text), err=True)
