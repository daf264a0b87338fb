"""Does it bite? A record with one sync taken out must have a state that breaks a promise.

The code is as it is; of its record the syncs of one site are taken out, an acknowledgement is moved
before the last sync of its operation, or two neighbouring syncs are exchanged. Only states that the
whole record cannot leave are looked at.

A site that nobody misses may do what another one does as well: then both are taken out together.
What the syncs of a hand's own editor keep is nothing of ours.
"""

import random
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, TypeAlias

from tests.powercut.actors import Operation, Refused
from tests.powercut.diarywork import Step
from tests.powercut.events import Event, Marked, Synced
from tests.powercut.exceptions import is_accepted
from tests.powercut.exploring import (
    Count,
    Finding,
    Left,
    Run,
    check_state,
    digest,
    promised,
    states,
)
from tests.powercut.loose import LooseDisk
from tests.powercut.places import Place

Key: TypeAlias = tuple[bytes, int, Operation | None]

MOST: Final = 40
"""States tried for one bite; of those that break a promise one is met early, or there is none."""

ALIKE: Final = 2
"""So many places of one name in a record are tried."""


@dataclass(frozen=True)
class Bite:
    """What is changed of a record: its kind, what it is named, and the events then.

    `site` is the one whose syncs were taken out, if it is one, and `whole` are the events with
    these, None for the record's own. `is_order` says that no acknowledgement lies between the two
    syncs that were exchanged: nobody can have been told of what the first one keeps before the
    second one.
    """

    kind: str
    name: str
    events: tuple[Event, ...]
    site: str = ""
    whole: tuple[Event, ...] | None = None
    is_order: bool = False


def bites(run: Run, missed: Collection[str] = ()) -> Iterator[Bite]:
    """Give the bites of a record; of those that are alike the first ones.

    With sites whose loss alone nobody noticed, which were `missed`: with another one's each.
    """
    tried: Counter[tuple[str, str]] = Counter()
    for each in _together(run.record.events, missed) if missed else _all_bites(run):
        tried[each.kind, each.name] += 1
        if tried[each.kind, each.name] <= ALIKE:
            yield each


def _all_bites(run: Run) -> Iterator[Bite]:
    events, ends = run.record.events, _ends(run)
    synced = [index for index, each in enumerate(events) if _is_sync(each)]
    for site in dict.fromkeys(_site(events[index]) for index in synced):
        yield Bite("removed", site, _without(events, {site}), site)
    yield from _without_functions(events)
    for index in ends:
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
            name = f"{_site(events[one])} / {_site(events[two])}"
            is_order = not any(one < end < two for end in ends)
            yield Bite("exchanged", name, tuple(swapped), is_order=is_order)


def _together(events: tuple[Event, ...], missed: Collection[str]) -> Iterator[Bite]:
    """Take out a site with each that syncs a file or folder of its too, or is in its function."""
    nodes: dict[str, set[int | None]] = {}
    for each in filter(_is_sync, events):
        nodes.setdefault(_site(each), set()).add(_node(each))
    for site in [each for each in nodes if each in missed]:
        for other, found in nodes.items():
            is_like = found & {None, *nodes[site]} or _function(site) == _function(other)
            if other != site and is_like:
                whole = _without(events, {other})
                yield Bite("together", f"{site} + {other}", _without(whole, {site}), site, whole)


def _without(events: tuple[Event, ...], sites: Collection[str]) -> tuple[Event, ...]:
    # A mark in each place, so that the others have theirs: the same is drawn for them.
    return tuple(
        Marked("left out") if _is_sync(each) and _site(each) in sites else each for each in events
    )


def _without_functions(events: tuple[Event, ...]) -> Iterator[Bite]:
    """Take all syncs of a function out that has several: one of them may do for the others."""
    sites = dict.fromkeys(_site(each) for each in events if _is_sync(each))
    functions = Counter(_function(site) for site in sites)
    for function in [each for each, count in functions.items() if count > 1]:
        own = [site for site in sites if _function(site) == function]
        yield Bite("all removed", function, _without(events, own))


def keys(run: Run, model: str, seed: int) -> frozenset[Key]:
    """Give what tells apart all states that a whole record can leave."""
    return frozenset(map(_key, states(run, model, seed, Count())))


def bite(place: Place, run: Run, chosen: Bite, model: str, seed: int, whole: frozenset[Key]) -> str:
    """Give what a state of the changed record breaks, that is not of the `whole`; "": none does.

    Where another site's syncs are gone too, a state must be well with this one's, and not without:
    so it shows what this one is for.
    """
    changed = replace(run, record=replace(run.record, events=chosen.events))
    found: list[Left] = []
    for left, control in _losses(run, chosen) if chosen.site and model == "loose" else ():
        if not chosen.whole or not check_state(place, changed, control):
            found.append(left)
    if chosen.whole is None:
        fresh = [left for left in states(changed, model, seed, Count()) if _key(left) not in whole]
        random.Random(seed).shuffle(fresh)
        found += fresh[:MOST]
    for left in found:
        said = check_state(place, changed, left)
        if said and not is_accepted(Finding(run.scenario.name, model, left.event, said)):
            first = said[0].partition("\n")[0].replace(f"{place.root}/", "")
            return f"after event {left.event}: {first}"
    return ""


def _losses(run: Run, chosen: Bite) -> Iterator[tuple[Left, Left]]:
    """Give states in which that is lost which the syncs of the site have kept, and with it kept.

    All else is there that was done; or nothing of it that no other sync has kept.
    """
    before, events = run.record.before, chosen.whole or run.record.events
    kept, lost = LooseDisk(before), LooseDisk(before)
    changed = replace(run, record=replace(run.record, events=events))
    story = {index: promises for index, _, promises in promised(changed)}
    seen: set[Key] = set()
    for index, event in enumerate(events):
        kept.apply(event)
        if not (_is_sync(event) and _site(event) == chosen.site):
            lost.apply(event)
        if index in story:
            pairs = ((lost.without(kept), kept.now()), (lost.synced(), kept.synced()))
            for one, other in pairs:
                left, control = (Left(tree, story[index], index) for tree in (one, other))
                if one != other and _key(left) not in seen:
                    seen.add(_key(left))
                    yield left, control


def _key(left: Left) -> Key:
    return digest(left.tree), len(left.promises.done), left.promises.cut_off


def _is_sync(event: Event) -> bool:
    return isinstance(event, Synced) and not event.failed and not event.site.startswith("tests.")


def _site(event: Event) -> str:
    assert isinstance(event, Synced)
    return event.site


def _node(event: Event) -> int | None:
    assert isinstance(event, Synced)
    return event.node


def _function(site: str) -> str:
    return site.partition(": ")[0]


def _ends(run: Run) -> list[int]:
    """Give where somebody was told something: not of a failure, nor by what promises nothing."""
    return [
        index
        for index, event in enumerate(run.record.events)
        if isinstance(event, Marked)
        and isinstance(event.said, tuple)
        and event.said[0] == "end"
        and _tells(run, *event.said[1:])
    ]


def _tells(run: Run, number: int, outcome: object, observation: object) -> bool:
    kinds = [each for each in type(run.scenario.operations[number]).__mro__ if each is not Step]
    is_promise = any({"after", "repeat"} & set(vars(each)) for each in kinds)
    return not isinstance(outcome, Refused) and (observation is not None or is_promise)


def _is_mark_between(events: tuple[Event, ...], start: int, end: int) -> bool:
    return any(isinstance(each, Marked) for each in events[start:end])
