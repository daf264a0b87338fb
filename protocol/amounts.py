"""How many bytes or entries something has, as people read it."""

from typing import Final

_UNITS: Final = ("KiB", "MiB", "GiB", "TiB")
_STEP: Final = 1024


def format_bytes(count: int) -> str:
    """Give `512 bytes`, `1.0 KiB`, `15.9 MiB`; cut, not rounded, so that it never says too much."""
    if count < _STEP:
        return f"{count} bytes"
    unit = min((count.bit_length() - 1) // 10, len(_UNITS))
    tenths = count * 10 // _STEP**unit
    return f"{tenths // 10}.{tenths % 10} {_UNITS[unit - 1]}"


def format_entries(count: int) -> str:
    """Give `1 entry`, `20,000 entries`."""
    return "1 entry" if count == 1 else f"{count:,} entries"
