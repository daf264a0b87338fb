"""The days that `--on`, `--from` and `--to` name."""

import re
from collections.abc import Sequence
from typing import Final

from diaryclient.typed.time_reader import TimeReader
from protocol.errors import UsageError
from protocol.identifiers import FIRST_DAY, LAST_DAY, Day

_SHORT_ID: Final = re.compile(r"(?=.*[a-f])[0-9a-f]{5,32}")
"""The end of an entry's id, with a letter in it: of digits alone a day may be made."""


def day_of_words(words: Sequence[str], on: str | None, of_entry: str) -> str | None:
    """Give what stands for `--on`: the words that were typed without an option, or its own value.

    Words that name an entry or a tag raise UsageError with what to type; `of_entry` says that of
    an entry, without its id.
    """
    if not words:
        return on
    if on is not None:
        raise UsageError(f"--on names the day; leave out {' '.join(words)}, or --on")
    first = words[0]
    if first.startswith("@"):
        raise UsageError(f"{first} is a tag; type: diaryclient read --tagged {first}")
    if len(words) == 1 and _SHORT_ID.fullmatch(first):
        raise UsageError(f"{first} is no day but may be an entry; {of_entry} {first}")
    return " ".join(words)


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
