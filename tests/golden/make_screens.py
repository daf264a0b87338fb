"""Writes what looking back on one year shows into `screens/`: at 80 and at 40 columns.

    python tests/golden/make_screens.py

The year is made by seeded chance, so that everybody sees the same one. These screens are for eyes
and may change; then look at them, and run this again.
"""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from diaryclient.entries.entry import DiaryEntry
from diaryclient.formats.pretty import Look
from diaryclient.lookback.figures import count
from diaryclient.lookback.heat_map import draw_year
from diaryclient.lookback.periods import parse_period
from diaryclient.lookback.report import Report, report_as_text
from diaryclient.lookback.streaks import current_streak, find_streaks
from protocol.dayfile import Written
from protocol.identifiers import Day, EntryId, Username
from protocol.stamp import Stamp

FOLDER: Final = Path(__file__).parent / "screens"
YEAR: Final = 2024
_TEXTS: Final = (
    *("Walked along the river. @outside", "今天天气很好 @weather", "Met Bob. @friends"),
    *("A long day at the desk. @work", "跑步五公里。@运动", "Nothing much, and that was good."),
)
LOOKS: Final = {
    "80": Look(80),
    "40": Look(40),
    "20": Look(20),
    "120": Look(120),
    "colours": Look(80, has_colours=True),
}


def entries() -> list[DiaryEntry]:
    """Give the entries of a leap year until the 24th of December: a habit that grows."""
    chance = random.Random(2024)
    begin = datetime(YEAR, 1, 1, tzinfo=UTC)
    written = []
    for number in range(359):
        likely = 0 if 200 <= number < 214 else 0.08 + number / 900
        for _ in range(sum(chance.random() < likely for _ in range(5))):
            hour = chance.choice([7, 7, 8, 12, 13, 18, 20, 21, 21, 22, 22, 22, 23])
            at = begin + timedelta(days=number, hours=hour, minutes=chance.randrange(60))
            stamp = Stamp(round(at.timestamp() * 1000), 0)
            entry_id = EntryId.make(stamp.at, chance.randbytes(10))
            written.append(Written(stamp, entry_id, chance.choice(_TEXTS)))
    return [DiaryEntry(each, Username("alice")) for each in written]


def screens() -> dict[str, str]:
    """Give each file's name and content."""
    figures = count(entries())
    today = Day(f"{YEAR}-12-24")
    drawn = {
        f"calendar.{name}": draw_year(YEAR, figures.days, today, look)
        for name, look in LOOKS.items()
    }
    streak = current_streak(find_streaks(figures.days), today)
    report = Report(parse_period("year", today), figures, streak, today)
    for name in ("80", "40"):
        drawn[f"stats.{name}"] = report_as_text(report, LOOKS[name])
    return {name: "".join(f"{row}\n" for row in rows) for name, rows in drawn.items()}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for file, content in screens().items():
        (FOLDER / file).write_text(content)
