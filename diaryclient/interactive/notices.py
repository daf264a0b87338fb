"""What an interactive diary says, without the screen that it is said on.

Rules: pure. One notice is one line, or an entry with its further lines behind `| `; diary text in
it is escaped. The day stands in the heading, so that an entry's line needs only its time.
"""

from collections.abc import Sequence
from typing import Final

from diaryclient.browsing.news import ChangeTold, News
from diaryclient.diary.reading import DayEntries
from diaryclient.home.outbox import Entry
from diaryclient.screen.display import (
    ShortIds,
    counted,
    format_entry,
    format_foreign,
    format_minute,
    format_time,
    short_id,
)
from protocol.dayfile import Written
from protocol.identifiers import Day, EntryId
from protocol.stamp import Stamp

HINT: Final = "a line is an entry; -r shows today, -c clears it, Ctrl-D leaves"

DROPPED: Final = "dropped; the Up key brings it back"

SAVE_THIS: Final = "save this line as an entry? [y/N] "

NOT_SAVED: Final = "not saved; the Up key brings it back"


def heading(day: Day, login: str) -> str:
    """Give the line above a day's entries."""
    return f"{day} {login}"


def today(login: str, shown: DayEntries) -> list[str]:
    """Give a heading and all entries of a day."""
    names = ShortIds().name(entry.id for entry in shown.entries)
    empty = "" if shown.entries or shown.foreign else ", no entries yet"
    return [
        f"{heading(shown.day, login)}{empty}",
        *(format_entry(entry, names[entry.id], format_time) for entry in shown.entries),
        *map(format_foreign, shown.foreign),
    ]


def news(found: News) -> list[str]:
    """Give what was done to the day elsewhere; an entry that was changed comes whole."""
    return [
        *["today was cleared elsewhere"] * found.was_cleared,
        *map(_change, found.changes),
        *(format_entry(each, short_id(each.id), format_time) for each in found.written.entries),
        *map(format_foreign, found.written.foreign),
    ]


def _change(told: ChangeTold) -> str:
    if told.entry is None:
        return str(told)
    return f"{told.deed} {format_entry(told.entry, short_id(told.id), format_time)}"


def saved(entry: Entry) -> str:
    """Say that an entry is on the server's disk."""
    return f"saved {short_id(entry.id)} {format_time(entry.stamp)}"


def queued(entry_id: EntryId, reason: str = "") -> str:
    """Say that an entry waits on this machine."""
    return f"queued {short_id(entry_id)}{reason and ': '}{reason}"


def waiting(entries: Sequence[Entry], day: Day) -> list[str]:
    """Give the entries that wait on this machine, those of another day with their date."""

    def moment(stamp: Stamp) -> str:
        return format_time(stamp) if stamp.day == day else format_minute(stamp)

    lines = [
        format_entry(Written(entry.stamp, entry.id, entry.text, entry.star), name, moment)
        for entry in entries
        for name in [short_id(entry.id)]
    ]
    return ["queued, not on the server yet:", *lines] if lines else []


def left_behind(count: int) -> str:
    """Say on leaving that entries wait."""
    what = "1 entry waits" if count == 1 else f"{count} entries wait"
    return f"{what} in the outbox for the next diaryclient"


def question(entries: int | None) -> str:
    """Ask before today is cleared; None and 0 leave the number out."""
    what = {None: "today", 0: "today", 1: "today's 1 entry"}.get(
        entries, f"today's {entries} entries"
    )
    return f"clear {what}? [y/N] "


def cleared(day: Day, shown: int) -> str:
    """Say that a day was cleared from here, how many entries it showed, and the way back."""
    what = counted(shown, "entry", "entries")
    return f"cleared {day}, {what}; to bring it back: diaryclient recover {day}"
