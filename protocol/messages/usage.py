"""How much room a diary takes up, and how much it may."""

from dataclasses import dataclass

from protocol.messages.base import Reply, Request, Scope
from protocol.messages.diary import SizeField
from protocol.messages.writing import DayField


@dataclass(frozen=True, slots=True)
class Used(Reply):
    """What the diary and the day take up, and what they may; a limit of 0: there is none.

    `bytes` are those of all that the server keeps of the diary, cleared days included, in whole
    blocks; `entries` those that `days` counts. The day's are those of its row in `days`.
    """

    bytes: SizeField
    entries: SizeField
    day_bytes: SizeField
    day_entries: SizeField
    max_bytes: SizeField
    max_entries: SizeField
    max_day_bytes: SizeField
    max_day_entries: SizeField


@dataclass(frozen=True, slots=True)
class Usage(Request):
    """Ask how much room the diary takes up, and how much of it `day`."""

    op = "usage"
    reply = Used
    scope = Scope.ANY
    is_counted = True

    day: DayField
