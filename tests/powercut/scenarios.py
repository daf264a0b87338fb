"""What is explored: each listed scenario by its name."""

import errno
from dataclasses import dataclass
from typing import Final

from protocol.identifiers import Username
from tests.powercut.accountwork import (
    Backup,
    MintFurther,
    Restore,
    Revoke,
    add,
    change_password,
    invite,
    log_in,
    observe_accounts,
    renew,
    rotate,
    set_password,
    sweep,
    use,
)
from tests.powercut.actors import Actor, Operation
from tests.powercut.diarywork import (
    DONE,
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
from tests.server.fakes import NOON, new_id
from tests.server.store_contract import ALICE, BOB, amending, entry, removing, restoring

CAROL: Final = Username("carol")
VERY_LONG: Final = 60_000
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


def put(*texts: str) -> Put:
    """Give a batch of alice's."""
    return Put(tuple(map(entry, texts)))


def diary_scenarios() -> list[Scenario]:
    """Give those on diaries; each call gives operations of their own."""
    one, amended, gone = new_id(), new_id(), new_id()
    first, again, second = Clear(new_id()), Clear(new_id()), Clear(new_id(), generation=1)
    cleared = Clear(new_id())
    listed: dict[str, list[Operation]] = {
        "put": [Start(), put(text(1)), put(text(2, LONG)), Checkpoint(), put(text(3)), Stop()],
        "batch": [
            Start(),
            Put((entry(text(1)), entry(text(2), user=BOB), entry(text(3, LONG)))),
            put(*(text(number) for number in range(4, 9))),
            Stop(),
        ],
        "amend": [
            Start(),
            Put((entry(text(1), one),)),
            Put((amending(one, "amended", None, amended), entry(text(2)))),
            Checkpoint(),
            Put((removing(one, amended, gone),)),
            Put((restoring(one, gone),)),
            put(text(3)),
            Stop(),
        ],
        "clear": [Start(), put(text(1), text(2, LONG)), first, put(text(3)), Stop()],
        "clear, then put": [
            Start(),
            put(text(1)),
            again,
            put(text(2, LONG)),
            second,
            put(text(3)),
            put(text(4, LONG)),
        ],
        "recover": [
            Start(),
            put(text(1), text(2, LONG)),
            cleared,
            put(text(3)),
            Recover(cleared, 1),
            put(text(4)),
            Stop(),
        ],
        "compress, then write": [
            Start(),
            put(text(1), text(2, LONG)),
            Compress(),
            put(text(3)),
            Checkpoint(),
            Compress(),
            put(text(4)),
            Stop(),
        ],
        "rename by hand": [
            Start(),
            put(text(1)),
            Checkpoint(),
            put(text(2)),
            RenameByHand(),
            put(text(3)),
            Settle(),
            put(text(4)),
        ],
    }
    listed["parts"] = [Start(), put(text(1)), put(text(2, VERY_LONG)), put(text(3)), Stop()]
    listed["retire"] = [*_of_two(), Remove(BOB), put(text(9)), Stop()]
    listed["purge"] = [*_of_two(), Checkpoint(), Remove(BOB, is_purged=True), put(text(9))]
    return [Scenario(name, operations, NEW) for name, operations in listed.items()]


def _of_two() -> list[Operation]:
    return [
        Start(),
        Put((entry(text(1)), entry(text(2), user=BOB), entry(text(3, LONG), user=BOB))),
    ]


def failing_scenarios() -> list[Scenario]:
    """Give those in which one sync fails once, as a disk's do."""
    cleared = Clear(new_id())
    works: dict[str, tuple[str, list[Operation]]] = {
        "failed checkpoint": (
            "sync_all",
            [
                *(Start(), put(text(1)), Checkpoint(), put(text(2)), put(text(3, LONG))),
                *(Checkpoint(), put(text(4)), Stop()),
            ],
        ),
        "failed checkpoint, then clear": (
            "sync_all",
            [Start(), put(text(1), text(2)), Checkpoint(), cleared, put(text(3)), Checkpoint()],
        ),
        "failed sync of the journal": (
            "_append: ",
            [*(Start(), put(text(1)), put(text(2)), put(text(3, LONG))), Checkpoint()],
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
        "revocation": [*login, MintFurther(1, 2, new_id()), Revoke(2, new_id()), Stop()],
        "key rotation": [*login, rotate(), log_in(2), use(2), sweep(), log_in(3)],
        "accounts and entries": [Start(), put(text(1)), add(CAROL), put(text(2)), Stop()],
    }
    written = (*NEW, Start(), put(text(1), text(2, LONG)), cleared_by_hand(), put(text(3)), Stop())
    return [
        Scenario("first start", [Start(), AddUsers(), put(text(1)), Stop()], [MakeFolder()]),
        *(Scenario(name, steps, NEW, observe_accounts) for name, steps in works.items()),
        Scenario("backup", [Start(), put(text(4)), Backup()], written),
        Scenario("restore", [Restore()], (*written[:-1], Backup(), Stop())),
    ]


def cleared_by_hand() -> Clear:
    """Give a clear of today's first generation."""
    return Clear(new_id())


def scenarios() -> list[Scenario]:
    """Give all that are listed."""
    return [*diary_scenarios(), *failing_scenarios(), *account_scenarios()]
