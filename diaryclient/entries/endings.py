"""Finds an entry by the end of its id, which is how people name entries.

Rules: pure. An ending is 1 to 32 hex digits, in either case, and as long as it takes to be the end
of one id only; the fewer entries a diary has, the shorter it may be.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeVar

from diaryclient.errors import NoSuchEntryError
from diaryclient.screen.display import ShortIds
from protocol.errors import UsageError
from protocol.identifiers import EntryId

_ENDING: Final = re.compile(r"[0-9a-f]{1,32}", re.ASCII)

WHOLE_ID: Final = 32
"""Hex digits of an id that is written whole."""

_Named = TypeVar("_Named")


def parse_ending(text: str) -> str:
    """Give an ending as ids have it; raise UsageError for what ends none."""
    ending = text.lower()
    if not _ENDING.fullmatch(ending):
        raise UsageError(f"{text}: an ID is the end of an entry's id, 1 to 32 of 0-9 a-f")
    return ending


def resolve(
    ending: str,
    candidates: Iterable[_Named],
    id_of: Callable[[_Named], EntryId],
    describe: Callable[[_Named, str], str],
    place: str = "the diary",
) -> _Named:
    """Give the one candidate whose id ends so.

    Raise NoSuchEntryError, or UsageError if there are several: it lists them as `describe` tells
    each, given the shortest name that tells it from the others.
    """
    wanted = parse_ending(ending)
    found = [each for each in candidates if id_of(each).hex().endswith(wanted)]
    if not found:
        raise NoSuchEntryError(f"no entry in {place} has an id that ends in {wanted}")
    if len(found) > 1:
        names = _longer_names([id_of(each) for each in found], len(wanted))
        rows = [describe(each, name) for each, name in zip(found, names, strict=True)]
        raise UsageError("\n".join([f"{wanted} is the end of several ids:", *rows]))
    return found[0]


def _longer_names(ids: Sequence[EntryId], length: int) -> list[str]:
    names = ShortIds().name(ids)
    return [each.hex()[-max(len(names[each]), length + 1) :] for each in ids]
