"""`diaryclient clear`: a day is set aside, from where `diaryclient recover` brings it back."""

import click

from diaryclient.commands.shared.confirming import check_askable, confirm
from diaryclient.commands.shared.delivering import deliver_older
from diaryclient.commands.shared.ranges import day_of_words
from diaryclient.diary.fates import check_may_change
from diaryclient.diary.open_diary import OpenDiary
from diaryclient.errors import InterruptedChangeError, is_open
from diaryclient.screen.display import counted, safe_line
from diaryclient.surroundings import Surroundings
from diaryclient.typed.time_reader import spoken_day
from protocol.errors import DiaryError, NotFoundError, StaleError
from protocol.identifiers import Day
from protocol.messages.diary import DayRow


@click.command("clear")
@click.argument("words", metavar="[DATE]", nargs=-1)
@click.option("--on", metavar="DATE", help="This day, if not today.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--tz", metavar="ZONE", help="The time zone that decides which day is today.")
@click.pass_obj
def command(
    surroundings: Surroundings, *, words: tuple[str, ...], on: str | None, yes: bool, tz: str | None
) -> None:
    """Set a whole day aside, today or DATE: how many entries it has is told first, and then asked.

    Nothing is destroyed: the server moves the day's file into its archive, and `diaryclient
    recover` brings it back.

    \b
      diaryclient clear
      diaryclient clear yesterday
      diaryclient clear --on 2026-11-22 --yes
    """  # noqa: D301 - click's mark is a real backspace
    on = day_of_words(words, on, "to remove it: diaryclient rm")
    check_askable("clear", "nothing was cleared", yes=yes)
    surroundings = surroundings.in_zone(tz)
    login = surroundings.login()
    check_may_change(login)
    with surroundings.diary(login) as diary:
        day = diary.today() if on is None else _typed_day(surroundings, diary, on)
        row = next(iter(diary.days(day, day)), None)
        if row is None:
            click.echo(f"no entries on {day}; nothing was cleared", err=True)
        else:
            shown = sum(len(each.entries) for each in diary.read_days([row]))
            if yes or _is_meant(day, shown):
                name = _clear(diary, row)
                what = counted(shown, "entry", "entries")
                click.echo(f"cleared {day} {login.name}, {what}, to the archive {safe_line(name)}")
                click.echo(f"to bring it back: diaryclient recover {day}", err=True)
        deliver_older(diary)


def _typed_day(surroundings: Surroundings, diary: OpenDiary, on: str) -> Day:
    """Give the day that was typed, and say which one was understood before anything is done."""
    day = surroundings.time_reader(diary).day(on, "--on")
    if on != day:
        click.echo(safe_line(spoken_day(on, day)), err=True)
    return day


def _is_meant(day: Day, shown: int) -> bool:
    if confirm(f"Clear {day} with {counted(shown, 'entry', 'entries')}?"):
        return True
    click.echo("nothing was cleared", err=True)
    return False


def _clear(diary: OpenDiary, row: DayRow) -> str:
    unknown = f"whether {row.day} was cleared is not known: diaryclient read --on {row.day} tells"
    try:
        return diary.clear(row)
    except KeyboardInterrupt:
        raise InterruptedChangeError(f"interrupted; {unknown}") from None
    except (NotFoundError, StaleError) as error:
        error.args = (f"{row.day} was cleared elsewhere meanwhile; nothing was done",)
        raise
    except DiaryError as error:
        known = f"{row.day} was not cleared"
        error.args = (f"{error}; {unknown if is_open(error) else known}",)
        raise
