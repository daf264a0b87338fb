"""`diaryclient search`: the server looks for words, and what it finds is printed as it comes."""

import click

from diaryclient.browsing.browsing import search_pages
from diaryclient.commands.shared.delivering import deliver_older
from diaryclient.commands.shared.output import Output, format_option
from diaryclient.commands.shared.ranges import parse_range
from diaryclient.surroundings import Surroundings


@click.command("search")
@click.argument("words", metavar="WORD...", nargs=-1, required=True)
@click.option("-n", "newest", metavar="N", type=click.IntRange(1), help="At most N, the newest.")
@click.option("--from", "first", metavar="DATE", help="From this day on.")
@click.option("--to", "--until", "last", metavar="DATE", help="Until this day, it included.")
@click.option("--short", is_flag=True, help="As --format short.")
@click.option("--tz", metavar="ZONE", help="The time zone that decides which day is today.")
@format_option
@click.pass_obj
def command(  # noqa: PLR0913 - one for each option
    surroundings: Surroundings,
    *,
    words: tuple[str, ...],
    newest: int | None,
    first: str | None,
    last: str | None,
    short: bool,
    tz: str | None,
    form: str,
) -> None:
    """Print the entries that have all of the words, of the whole diary or of the days given.

    A word is found anywhere in a text, inside of other words too, in capitals or not, however its
    accents were typed; Chinese needs no spaces. The server looks through the entries as they stand
    now; what it finds is printed as it comes, the oldest first.

    \b
      diaryclient search river
      diaryclient search 天气 --from 2026-01-01
      diaryclient search concert ann -n 3 --format json
    """  # noqa: D301 - click's mark is a real backspace
    surroundings = surroundings.in_zone(tz)
    # A pager would wait for a screenful before it shows what was found first.
    output = Output(
        "short" if short else form, has_pager=False, environment=surroundings.environment
    )
    with surroundings.diary(surroundings.login()) as diary:
        begin, end = parse_range(first, last, surroundings.time_reader(diary))
        if not output.show(search_pages(diary, " ".join(words), begin, end, newest)):
            click.echo(_nothing(" ".join(words), is_narrowed=bool(first or last)), err=True)
        deliver_older(diary)


def _nothing(words: str, *, is_narrowed: bool) -> str:
    several = len(words.split()) > 1
    what = "no entry has all of these words" if several else "no entry has this word"
    return what + (" in these days; --from and --to narrow the search" if is_narrowed else "")
