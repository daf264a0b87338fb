"""The days that `--on`, `--from` and `--to` name."""

from diaryclient.typed.dates import parse_day
from protocol.errors import UsageError
from protocol.identifiers import FIRST_DAY, LAST_DAY, Day


def parse_days(on: str | None, first: str | None, last: str | None, today: Day) -> tuple[Day, Day]:
    """Give the same for commands that have `--on` too, which names one day and stands alone."""
    if on is None:
        return parse_range(first, last, today)
    if first is not None or last is not None:
        raise UsageError("--on names one day; leave out --from and --to, or use them instead")
    day = parse_day(on, "--on", today)
    return day, day


def parse_range(first: str | None, last: str | None, today: Day) -> tuple[Day, Day]:
    """Give the first and the last day, both included; None is no end. Raise UsageError."""
    begin = FIRST_DAY if first is None else parse_day(first, "--from", today)
    # No end: whoever came home from the east may have entries of tomorrow.
    end = LAST_DAY if last is None else parse_day(last, "--to", today)
    if begin > end:
        raise UsageError(f"--from {begin} is after --to {end}")
    return begin, end
