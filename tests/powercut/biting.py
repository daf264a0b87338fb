"""Does it bite? A record with one sync taken out must have a state that breaks a promise.

The code is as it is; of its record the syncs of one site are taken out, an acknowledgement is moved
before the last sync of its operation, or two neighbouring syncs are exchanged. Only states that the
whole record cannot leave are looked at.
"""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, TypeAlias

from tests.powercut.actors import Operation
from tests.powercut.events import Event, Marked, Synced
from tests.powercut.exceptions import is_accepted
from tests.powercut.exploring import Count, Finding, Left, Run, check_state, digest, states
from tests.powercut.places import Place

Key: TypeAlias = tuple[bytes, int, Operation | None]

MOST: Final = 60
"""States tried for one bite; of those that break a promise one is met early, or there is none."""

ALIKE: Final = 2
"""So many places of one name in a record are tried."""


@dataclass(frozen=True)
class Bite:
    """What is changed of a record: its kind, what it is named, and the events then."""

    kind: str
    name: str
    events: tuple[Event, ...]


def bites(events: tuple[Event, ...]) -> Iterator[Bite]:
    """Give the bites of a record; of those that are alike the first ones."""
    tried: Counter[tuple[str, str]] = Counter()
    for each in _all_bites(events):
        tried[each.kind, each.name] += 1
        if tried[each.kind, each.name] <= ALIKE:
            yield each


def _all_bites(events: tuple[Event, ...]) -> Iterator[Bite]:
    synced = [index for index, each in enumerate(events) if _is_sync(each)]
    for site in dict.fromkeys(_site(events[index]) for index in synced):
        left = tuple(each for each in events if not (_is_sync(each) and _site(each) == site))
        yield Bite("removed", site, left)
    yield from _without_functions(events)
    for index in _ends(events):
        before = [each for each in synced if each < index]
        if before and not _is_mark_between(events, before[-1], index):
            moved = list(events)
            moved.insert(before[-1], moved.pop(index))
            yield Bite("acknowledged before", _site(events[before[-1]]), tuple(moved))
    for one, two in pairwise(synced):
        # With nothing between them it makes no difference which one comes first.
        is_between = any(not isinstance(each, Marked) for each in events[one + 1 : two])
        if is_between and _site(events[one]) != _site(events[two]):
            swapped = list(events)
            swapped[one], swapped[two] = events[two], events[one]
            yield Bite("exchanged", f"{_site(events[one])} / {_site(events[two])}", tuple(swapped))


def _without_functions(events: tuple[Event, ...]) -> Iterator[Bite]:
    """Take all syncs of a function out that has several: one of them may do for the others."""
    sites = dict.fromkeys(_site(each) for each in events if _is_sync(each))
    functions = Counter(_function(site) for site in sites)
    for function in [each for each, count in functions.items() if count > 1]:
        left = tuple(
            each for each in events if not (_is_sync(each) and _function(_site(each)) == function)
        )
        yield Bite("all removed", function, left)


def keys(run: Run, model: str, seed: int) -> frozenset[Key]:
    """Give what tells apart all states that a whole record can leave."""
    return frozenset(map(_key, states(run, model, seed, Count())))


def bite(place: Place, run: Run, chosen: Bite, model: str, seed: int, whole: frozenset[Key]) -> str:
    """Give what a state of the changed record breaks, that is not of the `whole`; "": none does."""
    changed = replace(run, record=replace(run.record, events=chosen.events))
    fresh = [left for left in states(changed, model, seed, Count()) if _key(left) not in whole]
    random.Random(seed).shuffle(fresh)
    for left in fresh[:MOST]:
        said = check_state(place, changed, left)
        if said and not is_accepted(Finding(run.scenario.name, model, left.event, said)):
            first = said[0].partition("\n")[0].replace(f"{place.root}/", "")
            return f"after event {left.event}: {first}"
    return ""


def _key(left: Left) -> Key:
    return digest(left.tree), len(left.promises.done), left.promises.cut_off


def _is_sync(event: Event) -> bool:
    return isinstance(event, Synced) and not event.failed


def _site(event: Event) -> str:
    assert isinstance(event, Synced)
    return event.site


def _function(site: str) -> str:
    return site.partition(": ")[0]


def _ends(events: tuple[Event, ...]) -> list[int]:
    return [
        index
        for index, event in enumerate(events)
        if isinstance(event, Marked) and isinstance(event.said, tuple) and event.said[0] == "end"
    ]


def _is_mark_between(events: tuple[Event, ...], start: int, end: int) -> bool:
    return any(isinstance(each, Marked) for each in events[start:end])
