"""Completion at a shell's prompt: click's own, with the diary's ids, tags and profiles.

Rules: a prompt waits no longer than `SECONDS` for the server, and gets nothing but completions:
whatever goes wrong, there are fewer of them. What waits to be sent is known here; all else of the
diary comes from its newest entries.
"""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from threading import Thread
from typing import Final, TypeAlias, TypeVar

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    add_completion_class,
    shell_complete,
    split_arg_string,
)

from diaryclient.browsing.browsing import Query, browse
from diaryclient.clock import Clock
from diaryclient.entries.entry import DiaryEntry, count_tags
from diaryclient.home.outbox import outboxes_below
from diaryclient.screen.display import ShortIds, cut, format_minute, safe_line
from diaryclient.surroundings import COMPLETE_VARIABLE, Surroundings
from protocol.caseless import caseless
from protocol.errors import DiaryError
from protocol.identifiers import EntryId
from protocol.stamp import Stamp

PROGRAM: Final = "diaryclient"
SECONDS: Final = 1.0
"""For the server's answers, after which a person presses the key again or types on."""

_NEWEST_IDS: Final = 50
_NEWEST_TAGGED: Final = 1000
"""Entries looked through for tags; a fast server sends so many within the time."""

_TITLE_COLUMNS: Final = 50

_Found = TypeVar("_Found")


class WholeLineBash(BashComplete):
    """Bash, whose list of words breaks `@tag` in two: the line itself does not."""

    source_template = BashComplete.source_template.replace(
        "${COMP_WORDS[*]}", "${COMP_LINE:0:COMP_POINT}"
    )

    def get_completion_args(self) -> tuple[list[str], str]:
        """Give the words before the one to complete, and that one."""
        line = os.environ["COMP_WORDS"]
        words = split_arg_string(line)[1:]
        if line[-1:].isspace() or not words:
            return words, ""
        return words[:-1], words[-1]


class WholeHelpFish(FishComplete):
    """Fish, whose function would cut what describes a completion at its first comma."""

    source_template = FishComplete.source_template.replace('split ","', 'split --max 1 ","')


add_completion_class(WholeLineBash)
add_completion_class(WholeHelpFish)


def complete(program: click.Command, environment: Mapping[str, str], clock: Clock) -> int:
    """Do what the shell's function asks in COMPLETE_VARIABLE, and give the exit status."""
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, sys.stderr.fileno())
    os.close(silence)
    given = {"obj": (environment, clock)}
    return shell_complete(
        program, given, PROGRAM, COMPLETE_VARIABLE, environment[COMPLETE_VARIABLE]
    )


def complete_entry(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem[str]]:
    """Give the short ids of the newest entries, each with its time and title."""
    del parameter

    def find() -> Iterator[_Named]:
        for entry in _newest(context, _NEWEST_IDS):
            yield entry.id, entry.stamp, entry.title

    return _entries(within_bounds(find), incomplete)


def complete_kept(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem[str]]:
    """Give the short ids of what is in the outboxes; nobody is asked."""
    del parameter
    with suppress(DiaryError, OSError):
        outboxes = outboxes_below(_surroundings(context).places.state / "outbox")
        kept = [(each.id, each.stamp, each.text) for box in outboxes for each in box.entries()]
        return _entries(kept, incomplete)
    return []


def complete_tag(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem[str]]:
    """Give the tags of the newest entries, the most frequent first."""
    del parameter
    counts = count_tags(within_bounds(lambda: _newest(context, _NEWEST_TAGGED)))
    return [
        CompletionItem(tag, help=f"{count} times" if count > 1 else "once")
        for tag, count in counts.items()
        if caseless(tag).startswith(caseless(incomplete))
    ]


def complete_profile(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem[str]]:
    """Give the profiles of config.toml."""
    del parameter
    with suppress(DiaryError, OSError):
        names = _surroundings(context).settings.profile_names
        return [CompletionItem(name) for name in names if name.startswith(incomplete)]
    return []


_Named: TypeAlias = tuple[EntryId, Stamp, str]


def _entries(named: Iterable[_Named], incomplete: str) -> list[CompletionItem[str]]:
    found = list(named)
    names = ShortIds().name(entry_id for entry_id, _, _ in found)
    return [
        CompletionItem(
            names[entry_id],
            help=f"{format_minute(stamp)} {cut(safe_line(text), _TITLE_COLUMNS)}",
        )
        for entry_id, stamp, text in found
        if names[entry_id].startswith(incomplete.lower())
    ]


def within_bounds(find: Callable[[], Iterator[_Found]], seconds: float = SECONDS) -> list[_Found]:
    """Give what is found within so many seconds; what searches on ends with the process."""
    found = list[_Found]()

    def run() -> None:
        with suppress(DiaryError, OSError):
            for each in find():
                found.append(each)  # not `extend`: what was found in time counts

    thread = Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    return list(found)


def _newest(context: click.Context, count: int) -> Iterator[DiaryEntry]:
    surroundings = _surroundings(context)
    with surroundings.diary(surroundings.find_login()) as diary:
        for page in browse(diary, Query(newest=count, is_reversed=True)):
            yield from page.entries


def _surroundings(context: click.Context) -> Surroundings:
    # Of a line that is only completed click calls no function: the options are in its root.
    root = context.find_root()
    environment, clock = root.obj
    flags = {key: root.params.get(key) for key in ("server", "user", "profile")}
    return Surroundings.of(flags, environment, clock)
