"""What a diary may take up; apart from the ports, for who reads the configuration only."""

from dataclasses import dataclass
from typing import Final

from protocol.messages.diary import MAX_FILE_BYTES

NO_LIMIT: Final = MAX_FILE_BYTES
"""Of bytes or entries: more than any disk has."""

MAX_DAY_BYTES: Final = 16 * 2**20
"""Tens of thousands of entries, or 64 of the longest; a day is read whole to look for an id."""


@dataclass(frozen=True, slots=True)
class Quotas:
    """What one diary may take up at most, and one day of it.

    `bytes` are measured as the store takes them up, all records and cleared days included; entries
    as `list_days` counts them. No store takes more than MAX_DAY_BYTES a day.
    """

    bytes: int = NO_LIMIT
    entries: int = NO_LIMIT
    day_bytes: int = MAX_DAY_BYTES
    day_entries: int = NO_LIMIT
