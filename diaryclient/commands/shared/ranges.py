"""The days that `--on`, `--from` and `--to` name."""

from diaryclient.typed.time_reader import TimeReader
from protocol.errors import UsageError
from protocol.identifiers import FIRST_DAY, LAST_DAY, Day


def parse_days(
    on: str | None, first: str | None, last: str | None, reader: TimeReader
) -> tuple[Day, Day]:
    """Give the same for commands that have `--on` too, which stands alone; it may be a period."""
    if on is None:
        return parse_range(first, last, reader)
    if first is not None or last is not None:
        raise UsageError("--on stands alone; leave out --from and --to, or use them instead")
    return reader.days(on, "--on")


def parse_range(first: str | None, last: str | None, reader: TimeReader) -> tuple[Day, Day]:
    """Give the first and the last day, both included; None is no end. Raise UsageError.

    Of a period --from is its beginning, and --to its end.
    """
    begin = FIRST_DAY if first is None else reader.days(first, "--from")[0]
    # No end: whoever came home from the east may have entries of tomorrow.
    end = LAST_DAY if last is None else reader.days(last, "--to")[1]
    if begin > end:
        raise UsageError(f"--from {begin} is after --to {end}")
    return begin, end
