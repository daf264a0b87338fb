"""What is explored: each listed scenario by its name."""

import errno
from typing import Final

from protocol.identifiers import Username
from tests.powercut.accountwork import (
    Backup,
    MintFurther,
    MoveIn,
    Restore,
    Revoke,
    Sweep,
    add,
    change_password,
    invite,
    log_in,
    observe_accounts,
    renew,
    rotate,
    set_password,
    use,
)
from tests.powercut.actors import Operation
from tests.powercut.building import (
    LONG,
    NEW,
    VERY_LONG,
    AddUsers,
    MakeFolder,
    id_of,
    put,
    text,
    written,
)
from tests.powercut.diarywork import (
    BeginClear,
    Checkpoint,
    Clear,
    Compress,
    Put,
    Recover,
    Remove,
    RenameByHand,
    Settle,
    Start,
    Stop,
)
from tests.powercut.exploring import Scenario
from tests.powercut.handscenarios import hand_scenarios
from tests.powercut.partwork import PutInParts
from tests.powercut.recording import Fault
from tests.server.store_contract import BOB, amending, entry, removing, restoring

CAROL: Final = Username("carol")
MANY: Final = range(1_001, 1_601)
"""Entries that make a day which is put aside in three transactions, 256 of them in the first."""


def diary_scenarios() -> list[Scenario]:
    """Give those on diaries; each call gives operations of their own."""
    one, amended, gone = id_of(1), id_of(101), id_of(102)
    first, again = Clear(id_of(201)), Clear(id_of(202))
    second = Clear(id_of(203), generation=1)
    cleared = Clear(id_of(204))
    listed: dict[str, list[Operation]] = {
        "put": [Start(), put(1), put(2, long=LONG), Checkpoint(), put(3), Stop()],
        "batch": [
            Start(),
            Put((written(1), written(2, user=BOB), written(3, LONG))),
            put(4, 5, 6, 7, 8),
            Stop(),
        ],
        "amend": [
            Start(),
            Put((entry(text(1), one),)),
            Put((amending(one, "amended", None, amended), written(2))),
            Checkpoint(),
            Put((removing(one, amended, gone),)),
            Put((restoring(one, gone),)),
            put(3),
            Stop(),
        ],
        "clear": [Start(), put(1, 2, long=LONG), first, put(3), Stop()],
        "clear, then put": [
            Start(),
            put(1),
            again,
            put(2, long=LONG),
            second,
            put(3),
            put(4, long=LONG),
        ],
        "recover": [
            Start(),
            put(1, 2, long=LONG),
            cleared,
            put(3),
            Recover(cleared, 1),
            put(4),
            Stop(),
        ],
        "compress, then write": [
            Start(),
            put(1, 2, long=LONG),
            Compress(),
            put(3),
            Checkpoint(),
            Compress(),
            put(4),
            Stop(),
        ],
        "rename by hand": [
            Start(),
            put(1),
            Checkpoint(),
            put(2),
            RenameByHand(),
            put(3),
            Settle(),
            put(4),
        ],
    }
    long = written(2, VERY_LONG)
    listed["parts"] = [Start(), put(1), PutInParts(long), put(3), Checkpoint(), PutInParts(long)]
    listed["retire"] = [*_of_two(), Remove(BOB), put(9), Stop()]
    listed["purge"] = [*_of_two(), Checkpoint(), Remove(BOB, is_purged=True), put(9)]
    return [
        *(Scenario(name, operations, NEW) for name, operations in listed.items()),
        *_of_a_long_day(),
    ]


def _of_a_long_day() -> list[Scenario]:
    """Give those on a day that is put aside in several transactions, at once and with others."""
    filled, cleared = (*NEW, Start(), put(*MANY), Stop()), Clear(id_of(204))
    pieces: list[Operation] = [
        *(Start(), put(1, 2, long=LONG), BeginClear(cleared), put(3), BeginClear(cleared)),
        *(put(4, long=LONG), cleared, put(5), Stop()),
    ]
    at_once: list[Operation] = [
        *(Start(), put(1, 2, long=LONG), cleared, put(3), Recover(cleared, 1), Stop()),
    ]
    return [
        Scenario("clear a long day", at_once, filled),
        Scenario("clear a long day in pieces", pieces, filled),
    ]


def _of_two() -> list[Operation]:
    return [
        Start(),
        Put((written(1), written(2, user=BOB), written(3, LONG, BOB))),
    ]


def failing_scenarios() -> list[Scenario]:
    """Give those in which one sync fails once, as a disk's do."""
    cleared = Clear(id_of(204))
    again, lost = Clear(id_of(206)), Clear(id_of(208))
    works: dict[str, tuple[str, list[Operation]]] = {
        "failed checkpoint": (
            "_drop_journal",
            [
                *(Start(), put(1), Checkpoint(), put(2), put(3, long=LONG)),
                *(Checkpoint(), put(4), Stop()),
            ],
        ),
        "failed checkpoint, then clear": (
            "_drop_journal",
            [Start(), put(1, 2), Checkpoint(), cleared, put(3), Checkpoint()],
        ),
        "failed sync of the journal": (
            "_append: ",
            [*(Start(), put(1), put(2), put(3, long=LONG)), Checkpoint()],
        ),
        "failed end of a checkpoint": (
            "_remove: journal",
            [Start(), put(1), put(2, long=LONG), Checkpoint(), put(3), Stop()],
        ),
        "failed sync of the archive": (
            "_move: archive",
            [Start(), put(1, 2), again, put(3), Checkpoint()],
        ),
        "failed sync of a recovery": (
            "UserFolder.finish: ",
            [Start(), put(1, 2), lost, Recover(lost, 1), put(3)],
        ),
    }
    return [
        Scenario(name, operations, NEW, fault=Fault(0, errno.EIO, site=site))
        for name, (site, operations) in works.items()
    ]


def account_scenarios() -> list[Scenario]:
    """Give those on accounts, keys, and copies of all data."""
    invited = invite()
    login: list[Operation] = [Start(), invited, log_in(1, invited), use(1)]
    works: dict[str, list[Operation]] = {
        "invite": [Start(), add(CAROL), invited, invite(CAROL), log_in(1, invited), Stop()],
        "password change": [*login, log_in(2), change_password(1, 3), use(3), set_password()],
        "token renewal": [*login, renew(1, 2), use(2), renew(2, 3)],
        "revocation": [*login, MintFurther(1, 2, id_of(301)), Revoke(2, id_of(302)), Stop()],
        "key rotation": [*login, rotate(), log_in(2), use(2), Sweep(), log_in(3)],
        "accounts and entries": [Start(), put(1), add(CAROL), put(2), Stop()],
    }
    filled: list[Operation] = [
        *NEW,
        Start(),
        put(1, 2, long=LONG),
        cleared_by_hand(),
        put(3),
        *_removing_bob(),
    ]
    copied: list[Operation] = [*NEW, MoveIn()]
    return [
        Scenario("first start", [Start(), AddUsers(), put(1), Stop()], [MakeFolder()]),
        Scenario("first start, no folder", [Start(), AddUsers(), put(1)]),
        Scenario("first start after a restore", [Start(), put(1), Stop()], copied),
        *(Scenario(name, steps, NEW, observe_accounts) for name, steps in works.items()),
        Scenario("backup", [Start(), put(5), Backup()], filled),
        Scenario("restore", [Restore()], [*filled[:-1], Backup(), Stop()]),
    ]


def _removing_bob() -> list[Operation]:
    return [Put((written(4, user=BOB),)), Remove(BOB), Stop()]


def cleared_by_hand() -> Clear:
    """Give a clear of today's first generation."""
    return Clear(id_of(205))


def scenarios() -> list[Scenario]:
    """Give all that are listed."""
    return [
        *diary_scenarios(),
        *failing_scenarios(),
        *account_scenarios(),
        *hand_scenarios(),
    ]
