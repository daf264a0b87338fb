"""What scenarios are built of: how the data begin, and entries that are always the same."""

import random
from dataclasses import dataclass
from typing import Final

from diaryserver.service.ports.entries import Writing
from protocol.identifiers import EntryId, Username
from tests.powercut.actors import Actor
from tests.powercut.diarywork import DONE, Put, Start, Step, Stop
from tests.server.fakes import NOON
from tests.server.store_contract import ALICE, BOB, entry

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


def id_of(number: int) -> EntryId:
    """Give an id, always the same for a number: so a scenario is always the same.

    They differ in as many bytes as real ones: in a few, replay takes one for the other, damaged.
    """
    return EntryId.make(NOON, random.Random(number).randbytes(10))


def written(number: int, length: int = 0, user: Username = ALICE) -> Writing:
    """Give an entry."""
    return entry(text(number, length), id_of(number), user=user)


def put(*numbers: int, long: int = 0) -> Put:
    """Give a batch of alice's, the last one so many characters long."""
    lengths = {numbers[-1]: long}
    return Put(tuple(written(number, lengths.get(number, 0)) for number in numbers))
