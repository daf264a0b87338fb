"""Diaries that lie on the disk already: day files written as the server writes them, at once."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from diaryserver.clock import SystemClock
from protocol.dayfile import Written, format_record
from protocol.identifiers import Day, EntryId
from protocol.stamp import Stamp

_TEXT: Final = "Rain all day, a book and some good tea. "
"""Short: with its stamp and id an entry has `ENTRY_BYTES`, and 10 million of them make 1 GiB."""

_DAY_MILLISECONDS: Final = 86_400_000
_clock: Final = SystemClock()


def stored_diaries(users: int, days: int, entries: int, first: int = 0) -> Callable[[Path], None]:
    """Give what puts `entries` on each of the last `days` days into the diaries of u`first`, ..."""

    def write(data: Path) -> None:
        blocks = [(_day_file(ago), _day(ago, entries)) for ago in range(1, days + 1)]
        for number in range(first, first + users):
            folder = data / "diaries" / f"u{number}"
            folder.mkdir(mode=0o700, parents=True)
            # Ids need only differ within a day of one user.
            for name, block in blocks:
                (folder / name).write_bytes(block)
                (folder / name).chmod(0o600)
        (data / "diaries").chmod(0o700)

    return write


def days_ago(days: int) -> Day:
    """Give the day so many days before today, in UTC."""
    today = datetime.fromtimestamp(_clock.now() / 1000, UTC).date()
    return Day((today - timedelta(days=days)).isoformat())


def _day_file(ago: int) -> str:
    return f"{days_ago(ago)}.log"


def _day(ago: int, entries: int) -> bytes:
    noon = datetime.fromisoformat(f"{days_ago(ago)}T12:00:00+00:00")
    first = int(noon.timestamp() * 1000)
    return b"".join(
        format_record(
            Written(
                Stamp(moment, 0), EntryId.make(moment, os.urandom(10)), f"{_TEXT}{moment % 1000}"
            )
        )
        for moment in range(first, first + entries)
    )
