"""The options that say which entries are meant, for every command that has such options.

Rules: options of different kinds must all hold, as in `diaryclient.entries.selection`; what leaves
nothing by itself is a mistake, told before anything is asked of the server.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Final, TypeVar

import click

from diaryclient.browsing.browsing import Query
from diaryclient.commands.shared.completing import complete_tag
from diaryclient.entries.selection import Selection, parse_tag
from protocol.errors import UsageError
from protocol.identifiers import FIRST_DAY, LAST_DAY

_ANY_TAG: Final = "any tag"
_STAR: Final = "a star"
"""What stands for an option's value that was left out; neither can be a tag."""

_FLAGS: Final = ("--starred", "--tagged")

_Command = TypeVar("_Command", bound=Callable[..., None])

_OPTIONS: Final[tuple[Callable[[Callable[..., None]], Callable[..., None]], ...]] = (
    click.option("--contains", metavar="TEXT", multiple=True, help="With this text in them."),
    click.option(
        "--tagged",
        metavar="[@TAG]",
        multiple=True,
        is_flag=False,
        flag_value=_ANY_TAG,
        help="With this tag, or with any.",
        shell_complete=complete_tag,
    ),
    click.option("--starred", is_flag=True, help="With a star."),
    click.option(
        "--and", "wants_all", is_flag=True, help="With all the tags and texts, not just one."
    ),
    click.option(
        "--not",
        "without",
        metavar="@TAG",
        multiple=True,
        help="Without this tag; --not --starred and --not --tagged: without a star, without a tag.",
        shell_complete=complete_tag,
    ),
)


class SelectingCommand(click.Command):
    """Understands `--not --starred` and `--not --tagged [@TAG]`, as jrnl does."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Turn the flag behind `--not` into its value."""
        words = list[str]()
        for word in args:
            if words[-1:] == ["--not"] and word in _FLAGS:
                words[-1] = f"--not={_STAR}" if word == "--starred" else f"--not={_ANY_TAG}"
            elif words[-1:] == [f"--not={_ANY_TAG}"] and word.startswith("@"):
                words[-1] = f"--not={word}"
            else:
                words.append(word)
        return super().parse_args(ctx, words)


def selection_options(command: _Command) -> _Command:
    """Give a `SelectingCommand` the options, of which it is handed the one `selection`."""

    @wraps(command)
    def selecting(
        *others: Any,  # noqa: ANN401 - what the command takes besides is its own business
        contains: tuple[str, ...],
        tagged: tuple[str, ...],
        without: tuple[str, ...],
        starred: bool,
        wants_all: bool,
        **options: Any,  # noqa: ANN401 - as above
    ) -> None:
        selection = _selection(contains, tagged, without, starred=starred, wants_all=wants_all)
        command(*others, selection=selection, **options)

    given: Callable[..., None] = selecting
    for option in reversed(_OPTIONS):
        given = option(given)
    return given  # type: ignore[return-value]


def nothing_found(query: Query) -> str:
    """Say that a query found nothing, and where it looked."""
    words = ["no entries" if query.selection.is_everything else "no such entries"]
    if query.anniversary:
        words.append(f"on {query.anniversary[5:]} of any year")
    elif query.first == query.last:
        words.append(f"on {query.first}")
    else:
        words += [f"from {query.first}"] * (query.first != FIRST_DAY)
        words += [f"to {query.last}"] * (query.last != LAST_DAY)
    return " ".join(words)


def _selection(
    contains: tuple[str, ...],
    tagged: tuple[str, ...],
    without: tuple[str, ...],
    *,
    starred: bool,
    wants_all: bool,
) -> Selection:
    if starred and _STAR in without:
        raise UsageError("--starred and --not --starred leave nothing; leave one out")
    if tagged and _ANY_TAG in without:
        raise UsageError("--tagged and --not --tagged leave nothing; leave one out")
    return Selection(
        tagged=frozenset(parse_tag(each, "--tagged") for each in tagged if each != _ANY_TAG),
        contains=contains,
        wants_all=wants_all,
        starred=True if starred else False if _STAR in without else None,
        has_tags=True if _ANY_TAG in tagged else False if _ANY_TAG in without else None,
        without=frozenset(parse_tag(x, "--not") for x in without if x not in {_STAR, _ANY_TAG}),
    )
