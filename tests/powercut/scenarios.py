"""What is explored: each listed scenario by its name."""

from dataclasses import dataclass
from typing import Final

from protocol.identifiers import Username
from tests.powercut.actors import Actor, Operation
from tests.powercut.diarywork import (
    DONE,
    Checkpoint,
    Clear,
    Compress,
    Put,
    Recover,
    RenameByHand,
    Settle,
    Start,
    Step,
    Stop,
)
from tests.powercut.exploring import Scenario
from tests.server.fakes import NOON, new_id
from tests.server.store_contract import ALICE, BOB, amending, entry, removing, restoring

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
    return [Scenario(name, operations, NEW) for name, operations in listed.items()]
