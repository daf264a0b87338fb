"""The grammar of `config.toml`: four keys, and the same four again in each `[profile.NAME]`.

Rules: pure. An unknown key or a value that is no text is a mistake; all mistakes are named at once.
"""

import tomllib
from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

from protocol.errors import UsageError

KEYS: Final = ("server", "user", "timezone", "date_order")
_DATE_ORDERS: Final = ("dmy", "mdy")

Values: TypeAlias = Mapping[str, str]


def parse_config(data: bytes, origin: str) -> tuple[Values, Mapping[str, Values]]:
    """Give the values of a file, and those of each profile.

    Raise UsageError, which names `origin` and every mistake.
    """
    try:
        stored = tomllib.loads(data.decode())
    except ValueError as error:
        raise UsageError(f"{origin}: {error}") from None
    except RecursionError:
        raise UsageError(f"{origin}: values are nested too deeply") from None
    profiles = stored.pop("profile", {})
    mistakes = [*_mistakes(stored), *_mistakes_of_profiles(profiles)]
    if mistakes:
        raise UsageError("\n".join(f"{origin}: {mistake}" for mistake in mistakes))
    return stored, profiles


def _mistakes(table: Mapping[str, object], section: str = "") -> Iterator[str]:
    for key, value in table.items():
        if key not in KEYS:
            yield f"{section}{key}: there is no such key"
        elif not isinstance(value, str):
            yield f"{section}{key}: must be a text in quotes"
        elif key == "date_order" and value not in _DATE_ORDERS:
            yield f'{section}{key}: must be "dmy" (day/month/year) or "mdy" (month/day/year)'


def _mistakes_of_profiles(profiles: object) -> Iterator[str]:
    if not isinstance(profiles, dict):
        yield "profile: must be a table for each profile, as in [profile.work]"
        return
    for name, table in profiles.items():
        if isinstance(table, dict):
            yield from _mistakes(table, f"profile.{name}.")
        else:
            yield f"profile.{name}: must be a table, written [profile.{name}]"
