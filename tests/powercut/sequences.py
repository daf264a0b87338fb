"""All short sequences of operations, beside the scenarios that somebody thought of.

Nearly every crash fault that was found in file systems needed no more than three operations
(Mohan et al., CrashMonkey and ACE, OSDI 2018).
"""

from collections.abc import Callable, Iterator
from itertools import product
from typing import Final

from tests.powercut.actors import Operation
from tests.powercut.building import LONG, NEW, id_of, put
from tests.powercut.diarywork import Checkpoint, Clear, Compress, Put, Recover, RenameByHand, Start
from tests.powercut.exploring import Scenario
from tests.server.store_contract import amending

ALPHABET: Final = "placrkzn"
"""put, a long put, amend, clear, recover, checkpoint, compress, rename by hand."""

LENGTH: Final = 3
FIRST: Final = 1
"""The entry that is there before, and that is amended."""


def all_words() -> Iterator[str]:
    """Give every sequence, as a word; one that recovers what nobody cleared is none."""
    for length in range(1, LENGTH + 1):
        for letters in product(ALPHABET, repeat=length):
            word = "".join(letters)
            if "r" not in word.partition("c")[0]:
                yield word


def scenario_of(word: str) -> Scenario:
    """Give a word's scenario: of a cut in the last operation, as the others end shorter words."""
    operations = _Spelling().operations(word)
    before = (*NEW[:-1], put(FIRST), Checkpoint(), NEW[-1])
    since = len(operations) if len(word) > 1 else 0
    return Scenario(f"sequence {word}", [Start(), *operations], before, since=since)


class _Spelling:
    """What the operations before one were."""

    def __init__(self) -> None:
        self._number = FIRST
        self._generation = 0
        self._is_empty = False
        self._cleared = Clear(id_of(200))
        self._version = id_of(FIRST)

    def operations(self, word: str) -> list[Operation]:
        return [self._operation(letter) for letter in word]

    def _operation(self, letter: str) -> Operation:
        self._number += 1
        spelt: dict[str, Callable[[], Operation]] = {
            "p": lambda: put(self._number),
            "l": lambda: put(self._number, long=LONG),
            "a": self._amend,
            "c": self._clear,
            "r": lambda: Recover(self._cleared, self._generation),
            "k": Checkpoint,
            "z": Compress,
            "n": lambda: RenameByHand(self._number),
        }
        operation = spelt[letter]()
        self._is_empty = letter in "cn" or (self._is_empty and letter not in "plr")
        return operation

    def _amend(self) -> Put:
        base, self._version = self._version, id_of(100 + self._number)
        return Put((amending(id_of(FIRST), "amended", base, self._version),))

    def _clear(self) -> Clear:
        clear = Clear(id_of(200 + self._number), generation=self._generation)
        if not self._is_empty:
            self._generation += 1
            self._cleared = clear
        return clear
