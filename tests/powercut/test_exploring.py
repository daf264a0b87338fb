"""What was acknowledged is there after any power cut, once, whole, byte for byte.

A seeded part of what `make torture ARGS=--power` looks at: each listed scenario, calls that fail,
restarts that are cut again, and a few of the short sequences.
"""

import errno
import random
from concurrent.futures import Future, ProcessPoolExecutor
from functools import partial
from itertools import groupby
from typing import Any, Final

import pytest

from tests.powercut.exceptions import EXEMPTIONS, is_accepted
from tests.powercut.exploring import Count, Finding, Search, run_scenario, states
from tests.powercut.jobs import (
    TOGETHER,
    Bitten,
    bite_scenario,
    calls_of,
    explore_faults,
    explore_scenario,
    explore_sequences,
    explore_twice,
    named,
)
from tests.powercut.places import place_in_memory
from tests.powercut.power import main
from tests.powercut.recording import Fault
from tests.powercut.scenarios import scenarios
from tests.powercut.sequences import ALPHABET, LENGTH, all_words, scenario_of
from tests.powercut.verdicts import Verdicts

SEED: Final = 12
SLOW: Final = "clear a long day in pieces"
"""Ten seconds, mostly the restarts on a day of 600 entries: `make torture ARGS=--power` has it."""

NAMES: Final = [each.name for each in scenarios() if each.name != SLOW]
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


def test_a_start_that_cannot_write_the_accounts_is_none(explorer: ProcessPoolExecutor) -> None:
    """SQLite opens for reading what it cannot open for writing: nobody would be added until then.

    The start fails, and is tried again.
    """
    opening = [
        each for each in explorer.submit(calls_of, "invite").result()[:6] if "open" in each[1]
    ]
    search = Search(SEED, 1, 1, ("ordered",))
    assert violations(explorer.submit(explore_faults, "invite", opening, search).result()) == []


def test_a_commit_that_could_not_be_synced_is_not_believed(explorer: ProcessPoolExecutor) -> None:
    """The last sync of a renewal fails; its repetition finds it made, and says so once it stays."""
    last = explorer.submit(calls_of, "token renewal").result()[-1:]
    search = Search(SEED, models=("ordered",))
    assert violations(explorer.submit(explore_faults, "token renewal", last, search).result()) == []


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


def test_what_two_syncs_keep_is_lost_without_both(explorer: ProcessPoolExecutor) -> None:
    """Of an edit by hand, which is synced when it is met, and again when it is cached."""
    site, other = (
        "store.days.daystate._sync: N.log",
        "store.days.cache.DayCache._make_met_durable: N.log",
    )
    name = f"{site} + {other}"
    job = partial(bite_scenario, kinds=(TOGETHER,), where=name, missed=frozenset({site}))
    found = explorer.submit(job, "line changed by hand", SEED).result()
    assert [each.model for each in found if each.caught] == ["loose"]


class _Pool(ProcessPoolExecutor):
    """Knows what becomes of bites."""

    def submit(self, *arguments: Any, **keywords: Any) -> Future[Any]:  # noqa: ANN401, ARG002 - its own
        """Notice the one, not the other, unless they are taken out together."""
        found: Future[list[Bitten]] = Future()
        alone = [Bitten("removed", name, "loose", said, is_order=False) for name, said in _ALONE]
        swapped = [
            Bitten("exchanged", f"{name} / c", "loose", "", is_order=is_order)
            for name, is_order in (("b", False), ("d", True), ("e", False))
        ]
        both = Bitten(TOGETHER, "b + a", "loose", "a scenario, lost", is_order=False)
        found.set_result([both] if keywords["missed"] else [*alone, *swapped])
        return found


_ALONE: Final = (("a", "a scenario, lost"), ("b", ""))


def test_a_reason_is_given_for_what_nobody_notices(capsys: pytest.CaptureFixture[str]) -> None:
    """By rule: another sync keeps it too, or nobody was told anything; else it is counted."""
    with _Pool(1) as pool:
        Verdicts(pool, ["a scenario"], SEED, 1).show(is_markdown=True)
    rows = [line.split(" | ") for line in capsys.readouterr().out.splitlines()]
    cells = {row[1]: row[2] for row in rows if len(row) > 2}
    assert "lost" in cells["a"]
    assert cells["b"] == cells["b / c"]
    assert "another one" in cells["b"]
    assert "lost" in cells["b + a"]
    assert "nobody is told" in cells["d / c"]
    assert "not noticed" in cells["e / c"]
    assert ["exchanged: 3, 1 of them without a state or a reason"] in rows


def test_a_sequence_is_cut_in_its_last_operation(explorer: ProcessPoolExecutor) -> None:
    """As a shorter one ends with the operation before."""
    whole, last = explorer.submit(events_cut, "sequence ppk").result()
    assert 0 < last < whole / 2


def events_cut(name: str) -> tuple[int, int]:
    """Give how many events a scenario has, and after how many of them it is cut."""
    with place_in_memory() as place:
        run = run_scenario(place, named(name))
        return len(run.record.events), len(
            {each.event for each in states(run, "loose", 1, Count())}
        )


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
