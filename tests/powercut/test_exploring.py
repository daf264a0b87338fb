"""What was acknowledged is there after any power cut, once, whole, byte for byte.

A seeded part of what `make torture ARGS=--power` looks at: each listed scenario, calls that fail,
restarts that are cut again, and a few of the short sequences.
"""

import errno
import random
from concurrent.futures import ProcessPoolExecutor
from itertools import groupby
from typing import Final

import pytest

from tests.powercut.exceptions import EXEMPTIONS, is_accepted
from tests.powercut.exploring import Count, Finding, Search
from tests.powercut.jobs import (
    bite_scenario,
    calls_of,
    explore_faults,
    explore_scenario,
    explore_sequences,
    explore_twice,
)
from tests.powercut.power import main
from tests.powercut.recording import Fault
from tests.powercut.scenarios import scenarios
from tests.powercut.sequences import ALPHABET, LENGTH, all_words, scenario_of

SEED: Final = 12
NAMES: Final = [each.name for each in scenarios()]
STATES: Final = 20
MOMENTS: Final = 25
CHANCE: Final = random.Random(SEED)
WORDS: Final = CHANCE.sample(list(all_words()), 12)
CUT_AGAIN: Final = ("put", "clear, then put", "recover", "token renewal", "key rotation", "restore")
FAILING: Final = ("put", "clear", "recover", "compress, then write", "key rotation", "backup")


def violations(count: Count) -> list[str]:
    """Give what is not accepted."""
    return [str(each) for each in count.findings if not is_accepted(each)]


@pytest.mark.parametrize("model", ["ordered", "loose"])
@pytest.mark.parametrize("name", NAMES)
def test_a_cut_breaks_no_promise(explorer: ProcessPoolExecutor, name: str, model: str) -> None:
    """After any call, whatever of it is left."""
    count = explorer.submit(
        explore_scenario, name, Search(SEED, STATES, MOMENTS, (model,))
    ).result()
    assert violations(count) == []
    assert count.checked >= 15
    assert count.tried > count.distinct >= count.checked


@pytest.mark.parametrize("name", CUT_AGAIN)
def test_a_cut_during_the_restart_breaks_none(explorer: ProcessPoolExecutor, name: str) -> None:
    """Replay and rollback may be cut like anything else."""
    assert violations(explorer.submit(explore_twice, name, Search(SEED, 10, 10), 2).result()) == []


@pytest.mark.parametrize("name", FAILING)
def test_a_cut_after_a_failed_call_breaks_none(explorer: ProcessPoolExecutor, name: str) -> None:
    """A full disk, or a broken one, and then the power."""
    found = explorer.submit(calls_of, name).result()
    calls = random.Random(f"{SEED} {name}").sample(found, 2)
    search = Search(SEED, 4, 10, ("ordered",))
    assert violations(explorer.submit(explore_faults, name, calls, search).result()) == []


@pytest.mark.parametrize("word", WORDS)
def test_a_cut_of_a_short_sequence_breaks_none(explorer: ProcessPoolExecutor, word: str) -> None:
    """Of all there are of up to three operations, a seeded sample."""
    assert (
        violations(explorer.submit(explore_sequences, [word], Search(SEED, 12, 15)).result()) == []
    )


def test_all_short_sequences_are_there() -> None:
    """Each as long as it is, and none without sense: nothing is recovered that nobody cleared."""
    words = list(all_words())
    assert len(words) == len(set(words))
    lengths = {length: len(list(group)) for length, group in groupby(words, len)}
    assert lengths[1] == len(ALPHABET) - 1
    assert max(lengths) == LENGTH
    assert {"clr", "cpr", "ppp"} <= set(words)
    assert len(scenario_of("clr").operations) == 1 + LENGTH


# It bites: without a sync that is needed, or with it too late, a state breaks a promise.


@pytest.mark.parametrize(
    ("kind", "where", "model"),
    [
        ("removed", "_start_segment: N.journal", "ordered"),
        ("removed", "_append: N.journal", "ordered"),
        ("removed", "_start_segment: journal", "loose"),
        ("acknowledged before", "_append: N.journal", "ordered"),
    ],
)
def test_a_sync_that_is_gone_or_late_is_noticed(
    explorer: ProcessPoolExecutor, kind: str, where: str, model: str
) -> None:
    """Of the journal's bytes and of its name."""
    found = explorer.submit(bite_scenario, "put", SEED, (kind,), where).result()
    assert {each.model for each in found if each.caught} >= {model}


def test_an_exemption_covers_only_what_it_names() -> None:
    """By the loose model, in all its words; ordered metadata has none."""
    words = "('alice', '2026-11-22'): the acknowledged records are in another order"
    assert EXEMPTIONS
    assert is_accepted(Finding("batch", "loose", 1, [words, "verify says of it: no faults"]))
    assert not is_accepted(Finding("batch", "ordered", 1, [words]))
    assert not is_accepted(Finding("batch", "loose", 1, [words, "it is lost"]))


def test_a_fault_is_named() -> None:
    """By its error and the call: who repeats a run asks for it so."""
    assert str(Fault(3, errno.EIO)) == "EIO at call 3"


def test_no_scenario_of_that_name_is_a_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing that was looked at must not pass for nothing that was found."""
    assert main(["--only", "no such scenario"]) == 2
    assert "no scenario" in capsys.readouterr().err
