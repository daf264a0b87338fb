"""Scenarios in which hands change diaries beside the server, and what the server relies on then."""

import errno
from collections.abc import Sequence
from typing import Final, TypeAlias

from tests.powercut.actors import Operation
from tests.powercut.building import NEW, id_of, put, written
from tests.powercut.diarywork import Clear, Compress, Put, Recover, RenameByHand, Start, Stop
from tests.powercut.exploring import Scenario
from tests.powercut.handwork import (
    AppendByHand,
    ChangeByHand,
    CreateDay,
    DropByHand,
    Read,
    RemoveByHand,
    RemoveLedger,
    Repair,
    TearByHand,
)
from tests.powercut.recording import Fault
from tests.server.store_contract import BOB

_OPEN: Final = NEW[:-1]
_Work: TypeAlias = tuple[Sequence[Operation], list[Operation]]
"""What is durable before, and what is recorded."""


def hand_scenarios() -> list[Scenario]:
    """Give them; each call gives operations of their own."""
    stored: list[Operation] = [*_OPEN, put(1), Stop()]
    added, here = AppendByHand(written(9)), AppendByHand(written(2))
    cleared = Clear(id_of(209))
    works: dict[str, _Work] = {
        "put back by hand, then recovered": (
            [*_OPEN, put(1), cleared, Stop()],
            [AppendByHand(written(1)), Start(), Recover(cleared, 1), put(3)],
        ),
        "edited by hand": (stored, [Start(), Read(), here, Read(), put(3), Read()]),
        "edited anew by hand": (
            stored,
            [Start(), Read(), AppendByHand(written(2), anew=True), Read(), put(3)],
        ),
        "line taken out by hand": (
            [*NEW, added, Start(), put(1), Stop()],
            [Start(), Read(), DropByHand(written(9)), Read(), put(3), Read()],
        ),
        "line changed by hand": (
            [*NEW, AppendByHand(written(9)), Start(), put(1), Stop()],
            [Start(), Read(), ChangeByHand(written(9)), Read(), put(3), Read()],
        ),
        "day removed by hand": (
            [*NEW, AppendByHand(written(9))],
            [Start(), Read(), RemoveByHand(), put(3), Read()],
        ),
        "written by hand, then sent": (NEW, [here, Start(), put(2), put(3)]),
        "edited and renamed": (
            stored,
            [*(Start(), Read(), AppendByHand(written(2)), RenameByHand()), *_relying()],
        ),
        "compressed, edited by hand": (
            [*_OPEN, put(1), Compress(), Stop()],
            [Start(), Read(), AppendByHand(written(2)), Read(), put(3)],
        ),
        "torn end": ([*stored, TearByHand()], [Start(), Read(), put(2), Read()]),
        "empty day": (NEW, [Start(), CreateDay(), Put((written(1, user=BOB),))]),
        "repair": (
            [
                *(*_OPEN, put(1), Clear(id_of(207)), put(2), Stop()),
                *(AppendByHand(written(2)), TearByHand(), RemoveLedger()),
            ],
            [Repair()],
        ),
    }
    scenarios = [Scenario(name, operations, before) for name, (before, operations) in works.items()]
    again: list[Operation] = [Start(), Read(), AppendByHand(written(2)), Read(), put(3), Read()]
    fault = Fault(0, errno.EIO, site="DayCache.state: N.log")
    return [*scenarios, Scenario("edited by hand, a sync fails", again, stored, fault=fault)]


def _relying() -> list[Operation]:
    """Meet the renamed file, show the day, and hear of a line in that file that it is stored."""
    return [put(3), Read(), put(2), put(4)]
