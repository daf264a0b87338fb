"""`diaryclient recover`: the days that were cleared, and the way back for one of them."""

import json
import re
from typing import Final

import click

from diaryclient.clock import Clock
from diaryclient.commands.shared.delivering import deliver_older
from diaryclient.commands.shared.fitting import fitted
from diaryclient.diary.fates import check_may_change
from diaryclient.diary.open_diary import OpenDiary
from diaryclient.errors import InterruptedChangeError, NothingClearedError, is_open
from diaryclient.formats.data import format_utc
from diaryclient.screen.display import counted, escape_json, format_minute, safe_line
from diaryclient.surroundings import Surroundings
from diaryclient.typed.time_reader import TimeReader, spoken_day
from protocol.errors import DiaryError, UsageError
from protocol.messages.archive import ArchiveRow
from protocol.stamp import Stamp

_NAME: Final = re.compile(r"(?![\d.]+$)[^\s.]*\.\S*", re.ASCII)
"""With a dot and no blank; what is only digits and dots is a date."""


@click.command("recover")
@click.argument("what", metavar="[DATE|NAME]", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list of what can come back.")
@click.pass_obj
def command(surroundings: Surroundings, *, what: str | None, as_json: bool) -> None:
    """List the days that were cleared, or bring one back.

    Without an argument: what can be brought back, oldest day first. A DATE brings back what was
    cleared last of that day, a NAME of the list, or its beginning, that very one. What was written
    to the day since stays, and what is there already is not added again.

    \b
      diaryclient recover
      diaryclient recover yesterday
      diaryclient recover 2026-11-22.0
    """  # noqa: D301 - click's mark is a real backspace
    if what is not None and as_json:
        raise UsageError("--json is for the list")
    login = surroundings.login()
    if what is not None:
        check_may_change(login)
    with surroundings.diary(login) as diary:
        rows = [row for row in diary.archives() if row.absent]
        if what is not None:
            _bring_back(diary, _chosen(rows, what, surroundings.time_reader(diary)))
        elif as_json:
            listed = [_as_json(row) for row in rows]
            click.echo(escape_json(json.dumps(listed, ensure_ascii=False, indent=2)))
        else:
            _list(rows, surroundings.zoned_clock())
        deliver_older(diary)


def _list(rows: list[ArchiveRow], clock: Clock) -> None:
    for row in rows:
        what = counted(row.entries, "entry", "entries")
        missing = f", {row.absent} of them missing" if row.absent < row.entries else ""
        click.echo(fitted(f"{_name(row, rows)} {_when(row, clock)}{what}{missing}"))
    if not rows:
        click.echo("nothing can be brought back", err=True)


def _name(row: ArchiveRow, rows: list[ArchiveRow]) -> str:
    """Give the beginning of the name, up to a dot, that tells it from the others."""
    parts = row.name.split(".")
    for count in range(2, len(parts)):
        begin = ".".join(parts[:count])
        if sum(each.name.startswith(f"{begin}.") for each in rows) == 1:
            return safe_line(begin)
    return safe_line(row.name)


def _when(row: ArchiveRow, clock: Clock) -> str:
    if not row.cleared:
        return ""
    return f"cleared {format_minute(Stamp(row.cleared, clock.local_offset(row.cleared)))}, "


def _as_json(row: ArchiveRow) -> dict[str, str | int | None]:
    return {
        "name": row.name,
        "day": row.day,
        "cleared": format_utc(row.cleared) if row.cleared else None,
        "entries": row.entries,
        "missing": row.absent,
    }


def _chosen(rows: list[ArchiveRow], what: str, reader: TimeReader) -> ArchiveRow:
    if _NAME.fullmatch(what):
        named = [row for row in rows if f"{row.name}.".startswith(f"{what.removesuffix('.')}.")]
        if len(named) > 1:
            names = [_name(row, rows) for row in named]
            raise UsageError("\n".join([f"{what} is the beginning of several names:", *names]))
    else:
        day = reader.day(what, "DATE")
        if what != day:
            click.echo(safe_line(spoken_day(what, day)), err=True)
        named = [row for row in rows if row.day == day]
        if len(named) > 1:
            click.echo(f"{day} was cleared more than once; diaryclient recover lists all", err=True)
    if not named:
        raise NothingClearedError(
            f"nothing of {what} can be brought back; diaryclient recover lists what can"
        )
    return named[-1]


def _bring_back(diary: OpenDiary, row: ArchiveRow) -> None:
    unknown = f"whether {row.day} was recovered is not known; doing it again adds nothing twice"
    try:
        entries = diary.recover(row)
    except KeyboardInterrupt:
        raise InterruptedChangeError(f"interrupted; {unknown}") from None
    except DiaryError as error:
        if is_open(error):
            error.args = (f"{error}; {unknown}",)
        raise
    click.echo(f"recovered {row.day} {diary.login.name}, {counted(entries, 'entry', 'entries')}")
