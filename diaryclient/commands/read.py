"""`diaryclient read`: entries on stdout, day by day as they come; hints and faults on stderr."""

from typing import Final

import click

from diaryclient.browsing import FIRST_DAY, LAST_DAY, Query, browse
from diaryclient.commands.completing import complete_tag
from diaryclient.commands.delivering import deliver_older
from diaryclient.commands.output import Output, format_options
from diaryclient.commands.surroundings import Surroundings
from diaryclient.dates import parse_day
from diaryclient.selection import Selection, parse_tag
from protocol.errors import UsageError
from protocol.identifiers import Day

_ANY_TAG: Final = "any tag"
_STAR: Final = "a star"
"""What stands for an option's value that was left out; neither can be a tag."""

_FLAGS: Final = ("--starred", "--tagged")


class _ReadCommand(click.Command):
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


@click.command("read", cls=_ReadCommand)
@click.option("-n", "newest", metavar="N", type=click.IntRange(1), help="At most N, the newest.")
@click.option("--on", metavar="DATE", help="This day only.")
@click.option("--from", "first", metavar="DATE", help="From this day on.")
@click.option("--to", "--until", "last", metavar="DATE", help="Until this day, it included.")
@click.option("--today-in-history", is_flag=True, help="This day of every year.")
@click.option("--contains", metavar="TEXT", multiple=True, help="With this text in them.")
@click.option(
    "--tagged",
    metavar="[@TAG]",
    multiple=True,
    is_flag=False,
    flag_value=_ANY_TAG,
    help="With this tag, or with any.",
    shell_complete=complete_tag,
)
@click.option("--starred", is_flag=True, help="With a star.")
@click.option("--and", "wants_all", is_flag=True, help="With all the tags and texts, not just one.")
@click.option(
    "--not",
    "without",
    metavar="@TAG",
    multiple=True,
    help="Without this tag; see below.",
    shell_complete=complete_tag,
)
@click.option("--short", is_flag=True, help="As --format short.")
@click.option("--reverse", "is_reversed", is_flag=True, help="The newest first.")
@click.option("--tz", metavar="ZONE", help="The time zone that decides which day is today.")
@format_options
@click.pass_obj
def command(  # noqa: PLR0913 - one for each option
    surroundings: Surroundings,
    *,
    newest: int | None,
    on: str | None,
    first: str | None,
    last: str | None,
    today_in_history: bool,
    contains: tuple[str, ...],
    tagged: tuple[str, ...],
    starred: bool,
    wants_all: bool,
    without: tuple[str, ...],
    short: bool,
    is_reversed: bool,
    tz: str | None,
    form: str,
    has_pager: bool,
) -> None:
    """Print entries: today's, or those that the options select from the whole diary.

    Options of different kinds must all hold. Of several --tagged one is enough, and of several
    --contains; with --and all must hold. --not @TAG leaves out what has the tag, --not --starred
    what has a star, --not --tagged what has any tag.

    DATE is YYYY-MM-DD or words such as yesterday, "last friday", "3 weeks ago", 昨天.

    \b
      diaryclient read -n 5                       the last five entries
      diaryclient read --from monday --short      this week's titles
      diaryclient read --tagged @work --not @done --contains report

    Characters that could deceive a terminal are shown as \\x1b or \\u202e. Lines that are no
    entries are shown behind `? `. docs/FORMATS.md describes the formats.
    """  # noqa: D301 - click's mark is a real backspace
    surroundings = surroundings.in_zone(tz)
    selection = _selection(contains, tagged, without, starred=starred, wants_all=wants_all)
    output = Output("short" if short else form, has_pager, surroundings.environment)
    with surroundings.diary(surroundings.login()) as diary:
        today = diary.today()
        if today_in_history:
            _refuse_days(on, first, last)
        searches = newest is not None or not selection.is_everything
        begin, end = _range(on, first, last, today, reads_all=searches)
        anniversary = today if today_in_history else None
        query = Query(begin, end, selection, newest, is_reversed, anniversary)
        if not output.show(browse(diary, query)):
            hints = not searches and not (on or first or last or today_in_history)
            click.echo(_nothing(query, hints=hints), err=True)
        deliver_older(diary)


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


def _refuse_days(*days: str | None) -> None:
    if any(days):
        raise UsageError("--today-in-history names its days; leave out --on, --from and --to")


def _range(
    on: str | None, first: str | None, last: str | None, today: Day, *, reads_all: bool
) -> tuple[Day, Day]:
    if on is not None:
        if first is not None or last is not None:
            raise UsageError("--on names one day; leave out --from and --to, or use them instead")
        day = parse_day(on, "--on", today)
        return day, day
    if first is None and last is None and not reads_all:
        return today, today
    begin = FIRST_DAY if first is None else parse_day(first, "--from", today)
    # No end: whoever came home from the east may have entries of tomorrow.
    end = LAST_DAY if last is None else parse_day(last, "--to", today)
    if begin > end:
        raise UsageError(f"--from {begin} is after --to {end}")
    return begin, end


def _nothing(query: Query, *, hints: bool) -> str:
    """Say that nothing was found, and where."""
    words = ["no entries" if query.selection.is_everything else "no such entries"]
    if query.anniversary:
        words.append(f"on {query.anniversary[5:]} of any year")
    elif query.first == query.last:
        words.append(f"on {query.first}")
    else:
        words += [f"from {query.first}"] * (query.first != FIRST_DAY)
        words += [f"to {query.last}"] * (query.last != LAST_DAY)
    return " ".join(words) + ("; the last ones: diaryclient read -n 5" if hints else "")
