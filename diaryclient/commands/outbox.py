"""`diaryclient outbox`: what is kept on this machine because the server has not confirmed it.

Rules: `list` and `drop` look at the outboxes of all logins, also of those that are gone, unless
--server, --user or --profile narrows that down. What is dropped is printed first, so that it is
never lost by mistake. A text is shown escaped.
"""

import json
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import click

from diaryclient.commands.shared.completing import complete_kept
from diaryclient.commands.shared.delivering import keep_login
from diaryclient.commands.shared.fitting import columns_of_stdout, fitted
from diaryclient.commands.shared.forgiving import ForgivingGroup
from diaryclient.commands.shared.progress import late_bar
from diaryclient.diary.keeping import format_saved
from diaryclient.diary.open_diary import OpenDiary
from diaryclient.diary.sending import Attempt
from diaryclient.entries.endings import resolve
from diaryclient.errors import HeldElsewhereError, NoSuchEntryError, QueuedError
from diaryclient.home.outbox import LOGIN_REFUSALS, Entry, Outbox, outboxes_below
from diaryclient.screen.display import (
    ShortIds,
    cut,
    format_minute,
    format_quoted,
    safe_line,
    short_id,
)
from diaryclient.screen.streams import is_unheard
from diaryclient.surroundings import Surroundings, has_terminal
from protocol.errors import DiaryError, UsageError

_FLUSHING_SECONDS: Final = 10.0
"""For another diaryclient that delivers: longer than one that follows a command may take."""

_DROPPING_SECONDS: Final = 2.0
"""For another diaryclient that holds the entry; who wants to drop it can ask again."""

_LEAST_TEXT: Final = 20
"""Columns of an entry's text that are worth a row beside its other facts."""

_SEVERITY: Final = (0, QueuedError.exit_status, 4, 1, 7, 3, 6)
"""Exit statuses; the last of those that apply is the one of `flush`."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An entry and where it is kept; `login` is `alice@host:port`."""

    entry: Entry
    login: str
    outbox: Outbox

    @property
    def state(self) -> str:
        """`waiting`, or `refused` and the code."""
        return f"refused {self.entry.refused}" if self.entry.refused else "waiting"


@click.group("outbox", cls=ForgivingGroup)
def command() -> None:
    """List, send or drop what waits to be sent.

    Every entry is kept here until the server has confirmed it. What waits is sent after the next
    command that reaches the server; what was refused for its login, after the next login; what was
    refused for good stays until it is dropped.

    \b
      diaryclient outbox list          shows what is kept, and why
      diaryclient outbox flush         sends it now
      diaryclient outbox drop 4fb39    gives one up, and prints it
    """  # noqa: D301 - click's mark is a real backspace


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list of whole entries.")
@click.pass_obj
def list_entries(surroundings: Surroundings, *, as_json: bool) -> None:
    """Show what is kept, oldest first: short id, time, state, first line.

    With --json: id, at, login, state and the whole text of each.

    \b
      diaryclient outbox list
      diaryclient outbox list --json
    """  # noqa: D301 - click's mark is a real backspace
    kept = _kept(surroundings)
    if as_json:
        # Escaped beyond ASCII, as what reads this is a program and what shows it may be a terminal.
        click.echo(json.dumps([_as_json(each) for each in kept], indent=2))
    else:
        columns = columns_of_stdout()
        names = ShortIds().name(each.entry.id for each in kept)
        has_several = len({each.login for each in kept}) > 1
        for each in kept:
            facts = _facts(each, names[each.entry.id], names_login=has_several)
            click.echo("\n".join(_laid_out(facts, _first_line(each), columns)))
        if not kept:
            click.echo("nothing waits", err=True)


@command.command("flush")
@click.pass_obj
def flush(surroundings: Surroundings) -> None:
    """Send now all that waits for this login, oldest first.

    Exit status 5 if some still wait, 3 if the login was refused, 6 if an entry was.

    \b
      diaryclient outbox flush
    """  # noqa: D301 - click's mark is a real backspace
    with surroundings.diary(surroundings.login()) as diary, late_bar(diary, "sending") as bar:
        status = max(
            (_tell(diary, attempt) for attempt in bar.between(_all_of(diary))),
            key=_SEVERITY.index,
            default=0,
        )
        for words in diary.outbox.set_damaged_aside():
            click.echo(f"diaryclient: {safe_line(words)}", err=True)
        left = len(diary.outbox.waiting())
        if left:
            status = max(status, QueuedError.exit_status, key=_SEVERITY.index)
            click.echo(f"{left} still wait{'s' * (left == 1)}", err=True)
        keep_login(diary)
    if status:
        raise click.exceptions.Exit(status)


def _all_of(diary: OpenDiary) -> Iterator[Attempt]:
    """Send also what was refused for an earlier login, and wait for who is delivering."""
    return diary.deliveries(math.inf, _FLUSHING_SECONDS, once_more=LOGIN_REFUSALS)


@command.command("drop")
@click.option("--yes", is_flag=True, help="Drop without asking.")
@click.argument("endings", metavar="ID...", nargs=-1, required=True, shell_complete=complete_kept)
@click.pass_obj
def drop(surroundings: Surroundings, endings: tuple[str, ...], *, yes: bool) -> None:
    """Give up entries that wait or were refused, and print their texts.

    ID is the end of an id, as long as it takes to be the only one. Nothing is taken back from the
    server: an entry without an answer may be stored there.

    \b
      diaryclient outbox drop 4fb39
      diaryclient outbox drop --yes 4fb39 18a98
    """  # noqa: D301 - click's mark is a real backspace
    if not yes and not has_terminal():
        raise UsageError("no terminal to ask; type --yes to drop unasked; nothing was dropped")
    everything = _kept(surroundings)
    for each in dict.fromkeys(_find(everything, ending) for ending in endings):
        _drop(each, unasked=yes)


def _kept(surroundings: Surroundings) -> list[Kept]:
    wanted = surroundings.settings.typed_choice()
    wanted_server = str(wanted.server) if wanted.server else None
    found: list[Kept] = []
    for outbox in outboxes_below(surroundings.places.state / "outbox"):
        name = outbox.folder.name
        user, _, server = name.partition("@")
        if wanted.user not in {None, user} or wanted_server not in {None, server}:
            continue
        found += [Kept(entry, name, outbox) for entry in outbox.entries()]
        for words in outbox.set_damaged_aside():
            click.echo(f"diaryclient: {safe_line(words)}", err=True)
    return sorted(found, key=lambda each: each.entry.id)


def _row(each: Kept, name: str, *, names_login: bool) -> str:
    return f"{_facts(each, name, names_login=names_login)} {_first_line(each)}"


def _facts(each: Kept, name: str, *, names_login: bool) -> str:
    words = [name, format_minute(each.entry.stamp), each.state]
    return " ".join([*words, each.login] if names_login else words)


def _first_line(each: Kept) -> str:
    first, *further = each.entry.text.split("\n")
    return " ".join([safe_line(first), *(["..."] if further else [])])


def _laid_out(facts: str, text: str, columns: int | None) -> list[str]:
    """Give one row, or where hardly anything of the text would fit two."""
    if columns is None:
        return [f"{facts} {text}"]
    if columns - len(facts) > _LEAST_TEXT:
        return [cut(f"{facts} {text}", columns)]
    return [fitted(facts), cut(f"  {text}", columns)]


def _as_json(each: Kept) -> dict[str, str]:
    return {
        "id": each.entry.id.hex(),
        "at": str(each.entry.stamp),
        "login": each.login,
        "state": each.state,
        "text": each.entry.text,
    }


def _tell(diary: OpenDiary, attempt: Attempt) -> int:
    """Tell what became of an entry, and give the exit status that it asks for."""
    if attempt.error is None:
        click.echo(format_saved(diary, attempt.entry))
        sys.stdout.flush()
        return 0
    prefix = "" if isinstance(attempt.error, QueuedError) else "diaryclient: "
    click.echo(f"{prefix}{safe_line(str(attempt.error))}", err=True)
    return attempt.error.exit_status


def _find(kept: list[Kept], ending: str) -> Kept:
    try:
        return resolve(
            ending,
            kept,
            lambda each: each.entry.id,
            lambda each, name: _row(each, name, names_login=False),
            "the outbox",
        )
    except NoSuchEntryError as error:
        raise NoSuchEntryError(f"{error}; nothing was dropped") from None


def _drop(each: Kept, *, unasked: bool) -> None:
    # Held while the person thinks: what is dropped is what was shown, and is not sent meanwhile.
    try:
        entry = each.outbox.hold(each.entry.id, _DROPPING_SECONDS)
    except BlockingIOError:
        raise HeldElsewhereError(
            f"another diaryclient is sending {short_id(each.entry.id)}; it was not dropped"
        ) from None
    if entry is None:
        raise NoSuchEntryError(f"{short_id(each.entry.id)} was sent meanwhile; it was not dropped")
    try:
        name = f"{short_id(entry.id)} {format_minute(entry.stamp)} {each.login}"
        text = format_quoted(entry.text)
        if not unasked:
            click.echo(text, err=True)
            if not click.confirm(f"Drop {name}?", default=False, err=True):
                click.echo(f"kept {name}", err=True)
                return
        if unasked or not sys.stdout.isatty():
            click.echo(text)
            sys.stdout.flush()  # only what was printed may go
            if is_unheard():
                raise DiaryError(
                    f"{short_id(entry.id)} was not dropped: its text cannot be printed; it is in "
                    f"{each.outbox.path(entry.id)}"
                )
        each.outbox.remove(entry.id)
        click.echo(f"dropped {name}")
    finally:
        each.outbox.release(entry.id)
