"""The days that `--from` and `--to` name."""

from diaryclient.browsing import FIRST_DAY, LAST_DAY
from diaryclient.dates import parse_day
from protocol.errors import UsageError
from protocol.identifiers import Day


def parse_range(first: str | None, last: str | None, today: Day) -> tuple[Day, Day]:
    """Give the first and the last day, both included; None is no end. Raise UsageError."""
    begin = FIRST_DAY if first is None else parse_day(first, "--from", today)
    # No end: whoever came home from the east may have entries of tomorrow.
    end = LAST_DAY if last is None else parse_day(last, "--to", today)
    if begin > end:
        raise UsageError(f"--from {begin} is after --to {end}")
    return begin, end
