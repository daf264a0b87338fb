"""Pieces of the whole search, each for a process of its own: with one thread, or it cannot fork."""

import errno
import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from tests.powercut.actors import Operation, hash_quickly
from tests.powercut.biting import bite, bites, keys
from tests.powercut.diarywork import Start, Stop
from tests.powercut.events import Marked, Synced
from tests.powercut.exploring import (
    MODELS,
    Count,
    Left,
    Run,
    Scenario,
    Search,
    explore,
    prepare,
    run_scenario,
    states,
)
from tests.powercut.places import Place, place_in_memory
from tests.powercut.recording import Fault
from tests.powercut.scenarios import scenarios
from tests.powercut.sequences import scenario_of

FAULTS: Final = ((errno.ENOSPC, False), (errno.EIO, False), (errno.ENOSPC, True))
"""What a call fails with, and whether half of a write is done first; what is no write has none."""

Call: TypeAlias = tuple[int, str]
"""Of a scenario, the number among those that change files, and the name."""


def get_ready() -> None:
    """Make this process an explorer; its first job."""
    logging.disable(
        logging.CRITICAL
    )  # what a store says of broken files, it says thousands of times
    hash_quickly()


def named(name: str) -> Scenario:
    """Give a listed scenario, or the one of a sequence."""
    if name.startswith("sequence "):
        return scenario_of(name.removeprefix("sequence "))
    return next(each for each in scenarios() if each.name == name)


def explore_scenario(name: str, search: Search) -> Count:
    """Cut a scenario."""
    with place_in_memory() as place:
        return explore(place, run_scenario(place, named(name)), search)


def explore_sequences(words: Sequence[str], search: Search) -> Count:
    """Cut some sequences."""
    whole = Count()
    for word in words:
        whole.add(explore_scenario(f"sequence {word}", search))
    return whole


def explore_twice(name: str, search: Search, most: int) -> Count:
    """Cut a scenario, and the restart on `most` of the states once more."""
    whole, chance = Count(), random.Random(search.seed)
    with place_in_memory() as place:
        run = run_scenario(place, named(name))
        for model in search.models:
            lefts = list(states(run, model, search.seed, Count(), search.moments))
            for left in chance.sample(lefts, min(most, len(lefts))):
                same = replace(search, models=(model,))
                whole.add(explore(place, restarted(place, run, left), same))
    return whole


def restarted(place: Place, run: Run, left: Left) -> Run:
    """Record a restart on what a cut has left, and an orderly stop."""
    place.make(left.tree)
    scenario = replace(
        run.scenario,
        name=f"{run.scenario.name}, cut again",
        operations=[Start(), Stop()],
        before=(),
    )
    return run_scenario(place, scenario, start=left.promises.given_up())


def calls_of(name: str) -> list[Call]:
    """Give the calls of a scenario that can fail."""
    with place_in_memory() as place:
        return list(enumerate(run_scenario(place, named(name)).record.changes, start=1))


def syncing_functions(names: Sequence[str]) -> set[str]:
    """Give the functions that sync in these scenarios."""
    found: set[str] = set()
    for name in names:
        with place_in_memory() as place:
            events = run_scenario(place, named(name)).record.events
        found |= {each.site.partition(": ")[0] for each in events if isinstance(each, Synced)}
    return found


def explore_faults(name: str, calls: Sequence[Call], search: Search) -> Count:
    """Let each of these calls fail once, in each way; then cut, at that call or later."""
    whole, scenario = Count(), named(name)
    with place_in_memory() as place:
        start = prepare(place, scenario)
        before = place.take()
        for number, call in calls:
            for error, is_short in FAULTS if "write" in call else FAULTS[:2]:
                fault = Fault(number, error, is_short)
                place.make(before)
                run = run_scenario(place, scenario, fault, start)
                if not _failing(run).is_by_hand:
                    whole.add(explore(place, run, replace(search, fault=str(fault))))
    return whole


def _failing(run: Run) -> Operation:
    """Give the operation in which a call failed."""
    number = 0
    for event in run.record.events[: run.record.fault]:
        match event:
            case Marked(said=("begin", int() as begun)):
                number = begun
            case _:
                pass
    return run.scenario.operations[number]


@dataclass(frozen=True)
class Bitten:
    """What became of a bite: by which scenario and state it was noticed, "" if it was not.

    `is_order` as of a `Bite`.
    """

    kind: str
    name: str
    model: str
    caught: str
    is_order: bool


TOGETHER: Final = "together"
KINDS: Final = ("removed", "all removed", "acknowledged before", "exchanged", TOGETHER)


def bite_scenario(
    name: str,
    seed: int,
    kinds: tuple[str, ...] = KINDS,
    where: str = "",
    known: frozenset[tuple[str, str, str]] = frozenset(),
    missed: frozenset[str] = frozenset(),
) -> list[Bitten]:
    """Try the bites of a scenario: those of these kinds whose names have the words `where`.

    Not those that are `known` to be noticed, by kind, name and model. With sites that were
    `missed`, try them together with others.
    """
    found: list[Bitten] = []
    caught = set(known)
    with place_in_memory() as place:
        run = run_scenario(place, named(name))
        chosen = [each for each in bites(run, missed) if each.kind in kinds]
        for model in MODELS:
            whole = keys(run, model, seed)
            for each in [each for each in chosen if where in each.name]:
                key = each.kind, each.name, model
                if key not in caught:
                    said = bite(place, run, each, model, seed, whole)
                    noticed = f"{name}, {said}" if said else ""
                    found.append(Bitten(*key, noticed, each.is_order))
                    caught |= {key} if said else set()
    return found
