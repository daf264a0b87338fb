"""Acknowledged means durable through a power cut: restarts on what a cut may leave of scenarios.

A seeded part of `make torture ARGS=--power`, which tries every state there is. Each record is
proved first: its calls alone lead from what was there to what is there, and those that write are as
many as the kernel counted.
"""

import random
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Final

import pytest

from tests.powercut.calls import UnsupportedError
from tests.powercut.exceptions import is_accepted
from tests.powercut.exploring import Count, Search
from tests.powercut.jobs import bite_scenario, calls_of, explore_faults, explore_scenario
from tests.powercut.power import explorers
from tests.powercut.scenarios import scenarios
from tests.powercut.sequences import all_words

SEED: Final = 1
STATES: Final = 20
"""Of a scenario and a model: two thousand in all, in half a minute."""

SEQUENCES: Final = 8
CALLS_THAT_FAIL: Final = 1
STATES_OF_A_FAULT: Final = 4
STATES_OF_A_SEQUENCE: Final = 12

NAMES: Final = tuple(each.name for each in scenarios())
WORDS: Final = tuple(random.Random(SEED).sample(sorted(all_words()), SEQUENCES))


@pytest.fixture(scope="session")
def explorer() -> Iterator[ProcessPoolExecutor]:
    """A process of one thread, which may fork and trace its children."""
    with explorers(1) as pool:
        try:
            pool.submit(calls_of, NAMES[0]).result()
        except (UnsupportedError, PermissionError) as error:
            pytest.skip(f"system calls cannot be recorded here: {error}")
        yield pool


def violations(count: Count) -> list[str]:
    """Give what is not as promised, but for what is listed."""
    assert count.checked > 0
    return [str(each) for each in count.findings if not is_accepted(each)]


@pytest.mark.parametrize("name", NAMES)
def test_whatever_a_power_cut_leaves_nothing_acknowledged_is_lost(
    explorer: ProcessPoolExecutor, name: str
) -> None:
    """Entries once and byte for byte, accounts, archives and backups; verify names what differs."""
    found = explorer.submit(explore_scenario, name, Search(SEED, STATES)).result()
    assert violations(found) == []


@pytest.mark.parametrize("word", WORDS)
def test_short_sequences_of_operations_survive_a_cut_too(
    explorer: ProcessPoolExecutor, word: str
) -> None:
    """A sample of all up to three: put, long put, amend, clear, recover, checkpoint and so on."""
    search = Search(SEED, STATES_OF_A_SEQUENCE)
    found = explorer.submit(explore_scenario, f"sequence {word}", search).result()
    assert violations(found) == []


@pytest.mark.parametrize("name", ["put", "clear", "recover"])
def test_a_call_that_fails_before_the_cut_loses_nothing(
    explorer: ProcessPoolExecutor, name: str
) -> None:
    """A full disk or a broken one, once, at calls drawn by chance; then on, then it is cut off."""
    total = explorer.submit(calls_of, name).result()
    calls = random.Random(SEED).sample(range(1, total + 1), CALLS_THAT_FAIL)
    search = Search(SEED, STATES_OF_A_FAULT, models=("ordered",))
    assert violations(explorer.submit(explore_faults, name, calls, search).result()) == []


def test_a_sync_that_is_left_out_is_noticed(explorer: ProcessPoolExecutor) -> None:
    """The journal's: without it an acknowledged entry is lost, and a state shows it."""
    found = explorer.submit(bite_scenario, "put", frozenset(), SEED, "Journal._append").result()
    removed = [each.caught for each in found if each.kind == "removed"]
    assert removed
    assert all(removed)
