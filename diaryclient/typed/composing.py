"""What a typed text says about itself: when it happened, and whether it is starred.

Rules: pure. `yesterday at 3pm: Met Bob.` loses its first words only if all of them before the first
colon are a time (`diaryclient.typed.date_words`); a text loses the `*` at its title's end only if
its title has no other. Everything else stays as it was typed. A plain text costs no import here.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from protocol.errors import UsageError
from protocol.stamp import Stamp

if TYPE_CHECKING:
    from diaryclient.typed.time_reader import TimeReader

_LOOKED_AT: Final = 60
"""Characters in which a colon would end a time; `diaryclient.typed.date_words` looks at fewer."""


class Composition(NamedTuple):
    """A text to be written; `at` is None for now."""

    text: str
    star: bool = False
    at: Stamp | None = None


def read_text(text: str, reader: "Callable[[], TimeReader]") -> Composition:
    """Read a text that a person typed; `reader` is asked for if it may begin with a time.

    Raise UsageError for a time that no entry can have; the message says how to keep the words.
    """
    head = text[:_LOOKED_AT]
    at = None
    if ":" in head or "：" in head:  # noqa: RUF001 - a Chinese colon
        at, text = _take_time(text, reader())
    text, star = take_star(text)
    return Composition(text, star, at)


def take_star(text: str) -> tuple[str, bool]:
    """Give a text without the `*` at its title's end, and whether there was one."""
    if "*" not in text:
        return text, False
    from diaryclient.entries.entry import split_title  # noqa: PLC0415 - few texts have a star

    title, _ = split_title(text)
    bare = title[:-1].rstrip()
    if not title.endswith("*") or not bare or "*" in bare:
        return text, False
    before, _, after = text.partition(title)
    return f"{before}{bare}{after}", True


def stamp_of_wall(wall: datetime, now: Stamp, offset_at: Callable[[int], int]) -> Stamp:
    """Give the moment that a wall clock showed; raise UsageError if it lies ahead of `now`."""
    from diaryclient.typed.wall_clock import check_not_ahead, stamp_of  # noqa: PLC0415 - as above

    return check_not_ahead(stamp_of(wall, offset_at), now.at)


def _take_time(text: str, reader: "TimeReader") -> tuple[Stamp | None, str]:
    from diaryclient.typed.date_words import split_prefix  # noqa: PLC0415 - few texts have a colon

    try:
        found = split_prefix(text, reader)
    except UsageError as error:
        raise UsageError(f"{error}; --no-parse takes the words as they are") from None
    if found is None:
        return None, text
    at, rest = found
    return None if at == reader.now else at, rest
