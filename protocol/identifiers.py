"""Names that cannot be unsafe: a user, a day, an entry.

Rules: each is parsed once, at the door, and is then a type of its own; every path on a disk is
built from these types and from nothing else. A name that parses can be a file name as it stands.
"""

import re
from datetime import date
from typing import Final, Self

from protocol.errors import MalformedError

USERNAME_PATTERN: Final = r"[a-z0-9][a-z0-9._-]{0,31}"
"""No upper case (case twins on other file systems), no leading dot, no separator, at most 32."""

_USERNAME: Final = re.compile(USERNAME_PATTERN)
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

ENTRY_ID_BYTES: Final = 16
_RANDOM_BYTES: Final = 10
_VERSION_7: Final = 0x70
_VARIANT_RFC: Final = 0x80
MAX_MILLISECONDS: Final = 253_402_300_799_999
"""9999-12-31T23:59:59.999Z, the last moment that a day file can name."""


class Username(str):
    """A user's name: `[a-z0-9][a-z0-9._-]{0,31}`."""

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        """Raise MalformedError for anything outside the pattern."""
        if not _USERNAME.fullmatch(value):
            raise MalformedError(
                "a user name is 1 to 32 of a-z 0-9 . _ -, the first a letter or digit"
            )
        return super().__new__(cls, value)


class Day(str):
    """A calendar day `YYYY-MM-DD` of the proleptic Gregorian calendar, years 0001 to 9999."""

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        """Raise MalformedError for another form, or for a day that no calendar has."""
        if not _DAY.fullmatch(value):
            raise MalformedError("a day is written YYYY-MM-DD")
        try:
            date.fromisoformat(value)
        except ValueError:
            raise MalformedError("there is no such day in the calendar") from None
        return super().__new__(cls, value)


FIRST_DAY: Final = Day("0001-01-01")
LAST_DAY: Final = Day("9999-12-31")
"""Whoever means all days names these."""


class EntryId(bytes):
    """A UUIDv7 (RFC 9562) as 16 bytes: the id of a request and of the entry it writes."""

    __slots__ = ()

    def __new__(cls, value: bytes) -> Self:
        """Raise MalformedError unless length, version and variant bits are right."""
        if (
            len(value) != ENTRY_ID_BYTES
            or value[6] & 0xF0 != _VERSION_7
            or value[8] & 0xC0 != _VARIANT_RFC
        ):
            raise MalformedError("an entry id is a UUIDv7 of 16 bytes")
        return super().__new__(cls, value)

    @classmethod
    def make(cls, now: int, randomness: bytes) -> Self:
        """Build an id from `now` (ms since the epoch) and 10 random bytes, 74 bits of them used."""
        if len(randomness) != _RANDOM_BYTES or not 0 <= now <= MAX_MILLISECONDS:
            raise MalformedError("an entry id is made of a time and 10 random bytes")
        value = bytearray(now.to_bytes(6, "big") + randomness)
        value[6] = value[6] & 0x0F | _VERSION_7
        value[8] = value[8] & 0x3F | _VARIANT_RFC
        return cls(bytes(value))

    @property
    def milliseconds(self) -> int:
        """When the id was made, by its maker's clock, in ms since the epoch."""
        return int.from_bytes(self[:6], "big")
