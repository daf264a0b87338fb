"""Whether the C library knows the zone that the variable TZ names: it takes any other for UTC.

Rules: pure but for a look at the database of zones; cheap, since every command asks.
"""

import os
import re
from collections.abc import Mapping
from typing import Final

_DATABASES: Final = ("/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/share/zoneinfo", "/etc/zoneinfo")
"""Where the C libraries of Linux and macOS look, unless TZDIR names another folder."""

_LETTERS: Final = r"(?:[A-Za-z]{3,}|<[A-Za-z0-9+-]{3,}>)"
_OFFSET: Final = r"[+-]?\d{1,3}(?::\d{1,2}){0,2}"
_RULE: Final = re.compile(
    rf"(?:UTC|GMT)|{_LETTERS}{_OFFSET}(?:{_LETTERS}(?:{_OFFSET})?(?:,[^,]+,[^,]+)?)?", re.ASCII
)
"""A zone in POSIX's own terms, such as CET-1CEST,M3.5.0,M10.5.0/3; by name, only UTC."""


_MAGIC: Final = b"TZif"
"""The first bytes of a zone's file (RFC 9636)."""


def is_known_zone(value: str, environment: Mapping[str, str]) -> bool:
    """Tell whether a value of TZ, which is not empty, means what it says."""
    name = value.removeprefix(":")
    given = environment.get("TZDIR")
    folders = (given,) if given else _DATABASES
    is_listed = any(_is_zone(os.path.join(folder, name)) for folder in folders)  # noqa: PTH118 - pathlib takes longer
    return is_listed or bool(_RULE.fullmatch(value))


def _is_zone(path: str) -> bool:
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - as above
            return file.read(len(_MAGIC)) == _MAGIC
    except (OSError, ValueError):
        return False
