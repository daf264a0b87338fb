"""`diaryclient watch`: entries as they are written, by whatever device."""

from collections.abc import Iterator
from time import sleep

import click

from diaryclient.browsing.browsing import Page
from diaryclient.browsing.watching import watch
from diaryclient.commands.shared.output import Output, format_option
from diaryclient.diary.open_diary import OpenDiary
from diaryclient.entries.entry import DiaryEntry
from diaryclient.screen.display import safe_line
from diaryclient.surroundings import Surroundings
from protocol.errors import UsageError

_WHOLE: str = "json"
"""The format that has an end, unlike a watch."""


@click.command("watch")
@click.option(
    "-n",
    "newest",
    metavar="N",
    type=click.IntRange(0),
    default=0,
    help="First the newest N of what there is.",
)
@format_option
@click.pass_obj
def command(surroundings: Surroundings, *, newest: int, form: str) -> None:
    """Print entries as they are written, on any day and by any device, until Ctrl-C.

    The server is asked every 2 seconds. If it goes away that is told, and what was written
    meanwhile is printed when it is back: each entry once. Of changes of entries that were there
    before a line on standard error tells: amended, removed, restored.

    \b
      diaryclient watch -n 5
      diaryclient watch --format jsonl | grep --line-buffered @door
    """  # noqa: D301 - click's mark is a real backspace
    if form == _WHOLE:
        raise UsageError("--format json has an end, a watch has none; jsonl is a line an entry")
    output = Output(form, has_pager=False, environment=surroundings.environment)
    output.show(_pages(surroundings, newest))


def _pages(surroundings: Surroundings, newest: int) -> Iterator[Page]:
    login = surroundings.login()

    def open_diary() -> OpenDiary:
        return surroundings.diary(surroundings.login_again(login))

    for news in watch(open_diary, newest, _tell, sleep):
        for change in news.changes:
            click.echo(str(change), err=True)
        day = news.written
        yield Page([DiaryEntry(each, login.user) for each in day.entries], day.foreign)


def _tell(words: str) -> None:
    click.echo(f"diaryclient: {safe_line(words)}", err=True)
