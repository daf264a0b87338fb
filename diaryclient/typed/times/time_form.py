"""A row of the table of words for times: the form in which something may be said.

Rules: a form is the kinds of its tokens, in their order; `?` marks one that may be left out and
adds nothing. A row reads what stands in its form, or raises ValueError or OverflowError if no
calendar or clock has such a day or time. docs/CLIENT.md shows the rows of
`diaryclient.typed.times.day_forms`, `period_forms` and `clock_forms` with their examples, and a
test reads each example.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final, Generic, NamedTuple, TypeVar

ReadT = TypeVar("ReadT")

SAID: Final = datetime(2026, 11, 29, 20, 0)  # noqa: DTZ001 - a wall clock
"""When the examples are said: on a Sunday, in the evening."""


class Form(NamedTuple, Generic[ReadT]):
    """A row: what is said, how it is read, what it means.

    `read` takes the moment at which it is said, and the numbers of all tokens. `leads`: the words
    may also stand before a text and a colon.
    """

    kinds: tuple[str, ...]
    read: Callable[..., ReadT]
    means: str
    examples: tuple[tuple[str, str], ...]
    leads: bool = True
