"""What is explored: each listed scenario by its name."""

import errno
from dataclasses import dataclass
from typing import Final

from diaryserver.service.ports.entries import Append
from protocol.identifiers import EntryId, Username
from tests.powercut.accountwork import (
    Backup,
    MintFurther,
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
from tests.powercut.actors import Actor, Operation
from tests.powercut.diarywork import (
    DONE,
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
    Step,
    Stop,
)
from tests.powercut.exploring import Scenario
from tests.powercut.recording import Fault
from tests.server.fakes import NOON
from tests.server.store_contract import ALICE, BOB, amending, entry, removing, restoring

CAROL: Final = Username("carol")
VERY_LONG: Final = 60_000
MANY: Final = range(1_001, 1_601)
"""Entries that make a day which is put aside in three transactions, 256 of them in the first."""

LONG: Final = 9_000
"""Characters of an entry that takes three pages: what is left of it may be any of them."""


class MakeFolder(Step):
    """Make an empty data folder, as an installation does."""

    def perform(self, actor: Actor) -> object:
        """As Operation."""
        actor.folder.mkdir(mode=0o700)
        return DONE


@dataclass(frozen=True, eq=False)
class AddUsers(Step):
    """Add the users who write."""

    names: tuple[Username, ...] = (ALICE, BOB)

    def perform(self, actor: Actor) -> object:
        """As Operation."""
        for name in self.names:
            actor.data.accounts.add_user(name, NOON)
        return DONE


NEW: Final = (MakeFolder(), Start(), AddUsers(), Stop())


def text(number: int, length: int = 0) -> str:
    """Give an entry's text, which no other one has."""
    return f"entry {number} ".ljust(length, "x")


def id_of(number: int) -> EntryId:
    """Give an id, always the same for a number: so a scenario is always the same."""
    return EntryId.make(NOON, number.to_bytes(10, "big"))


def written(number: int, length: int = 0, user: Username = ALICE) -> Append:
    """Give an entry."""
    return entry(text(number, length), id_of(number), user=user)


def put(*numbers: int, long: int = 0) -> Put:
    """Give a batch of alice's, the last one so many characters long."""
    lengths = {numbers[-1]: long}
    return Put(tuple(written(number, lengths.get(number, 0)) for number in numbers))


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
    listed["parts"] = [Start(), put(1), put(2, long=VERY_LONG), put(3), Stop()]
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
    works: dict[str, tuple[str, list[Operation]]] = {
        "failed checkpoint": (
            "sync_all",
            [
                *(Start(), put(1), Checkpoint(), put(2), put(3, long=LONG)),
                *(Checkpoint(), put(4), Stop()),
            ],
        ),
        "failed checkpoint, then clear": (
            "sync_all",
            [Start(), put(1, 2), Checkpoint(), cleared, put(3), Checkpoint()],
        ),
        "failed sync of the journal": (
            "_append: ",
            [*(Start(), put(1), put(2), put(3, long=LONG)), Checkpoint()],
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
    filled = (*NEW, Start(), put(1, 2, long=LONG), cleared_by_hand(), put(3), Stop())
    return [
        Scenario("first start", [Start(), AddUsers(), put(1), Stop()], [MakeFolder()]),
        *(Scenario(name, steps, NEW, observe_accounts) for name, steps in works.items()),
        Scenario("backup", [Start(), put(4), Backup()], filled),
        Scenario("restore", [Restore()], (*filled[:-1], Backup(), Stop())),
    ]


def cleared_by_hand() -> Clear:
    """Give a clear of today's first generation."""
    return Clear(id_of(205))


def scenarios() -> list[Scenario]:
    """Give all that are listed."""
    return [*diary_scenarios(), *failing_scenarios(), *account_scenarios()]
