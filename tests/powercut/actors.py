"""Who performs a scenario: a data folder, opened as a server opens it, on one thread.

Rules: the same operations are performed, retried after a failure as a client would, and described
by what they promise; who is told of an outcome is the record.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Final, Protocol

from diaryserver import composition
from diaryserver.datalock import own_data
from diaryserver.engine import Data, open_data
from diaryserver.errors import DataError
from diaryserver.maintenance.faults import Kind
from protocol.errors import RefusedError, StorageError, UsageError
from tests.powercut.sites import announce_sites
from tests.powercut.worlds import World

ATTEMPTS: Final = 3


@dataclass(frozen=True, slots=True)
class Refused:
    """An operation that raised; `is_certain`: nothing of it was done, else nobody knows."""

    error: str
    is_certain: bool


class Operation(Protocol):
    """One step of a scenario.

    `is_repeated`: who was cut off does it again. `is_by_hand`: a call that fails in it is a hand's.
    `leaves` are the faults that `verify` names after it, and is right to.
    """

    is_repeated: ClassVar[bool]
    is_by_hand: ClassVar[bool]
    leaves: ClassVar[frozenset[Kind]]

    def perform(self, actor: "Actor") -> object:
        """Do it, and give the outcome; raise what it raises."""

    def after(self, world: World, outcome: object) -> list[World]:
        """Give what may be then; outcome None: nobody knows whether it was done."""

    def resume(self, actor: "Actor") -> None:
        """Do what whoever was cut off in it does again before the server starts."""

    def inspect(self, actor: "Actor") -> list[str]:
        """Look at what a cut in it has left, beside diaries and accounts; say what is wrong."""

    def repeat(self, actor: "Actor", outcome: object) -> list[str]:
        """Ask again for what was acknowledged with this outcome; say what is not as promised."""


@dataclass(slots=True)
class Actor:
    """Whose data are in the folder `place` below `root`; `outcomes` are those of what was done."""

    root: Path
    outcomes: dict[Operation, object] = field(default_factory=dict)
    place: str = "data"
    _stack: ExitStack = field(default_factory=ExitStack)
    _data: Data | None = None

    @property
    def folder(self) -> Path:
        """The data folder."""
        return self.root / self.place

    @property
    def data(self) -> Data:
        """The open data."""
        if self._data is None:
            raise DataError("nothing is open")
        return self._data

    def start(self) -> None:
        """Open the data; raise DataError."""
        with ExitStack() as stack:
            self._data = stack.enter_context(opened(self.folder))
            self._stack = stack.pop_all()

    def stop(self) -> None:
        """Close them in order."""
        self._data = None
        self._stack.close()


@contextmanager
def opened(folder: Path) -> Iterator[Data]:
    """Own and open a data folder, as a server does."""
    with own_data(folder), open_data(folder) as data:
        yield data


class _QuickHasher:
    """A password hasher that takes no 40 ms: every start hashes once, and a cut is no matter of it.

    Thousands of restarts would take minutes of the processor for that alone.
    """

    def __init__(self, pepper: bytes) -> None:
        self._pepper = pepper

    def hash(self, password: str) -> str:
        """As PasswordHasher."""
        return f"hash of {password}"

    def is_password(self, hashed: str, password: str) -> bool:
        """As PasswordHasher."""
        return hashed == self.hash(password)


def hash_quickly() -> None:
    """Let the data be opened without Argon2 in this process, which is an explorer's own."""
    vars(composition)["Argon2Hasher"] = _QuickHasher


def perform_all(
    actor: Actor,
    operations: Sequence[Operation],
    say: Callable[[object], None],
    observe: Callable[[Actor], Any],
) -> None:
    """Perform all operations, saying ("begin", number) and ("end", number, outcome, observation).

    What was left open stays open, for the power to go.
    """
    announce_sites(say)
    for number, operation in enumerate(operations):
        for _ in range(ATTEMPTS):
            say(("begin", number))
            outcome = attempt(operation, actor)
            say(("end", number, outcome, observe(actor)))
            if not isinstance(outcome, Refused) or outcome.is_certain:
                break


def attempt(operation: Operation, actor: Actor) -> object:
    """Perform an operation, and give its outcome."""
    try:
        outcome = operation.perform(actor)
    except (StorageError, DataError, OSError) as error:
        return Refused(f"{type(error).__name__}: {error}", is_certain=False)
    except (RefusedError, UsageError, sqlite3.IntegrityError) as error:
        return Refused(type(error).__name__, is_certain=True)
    actor.outcomes[operation] = outcome
    return outcome
