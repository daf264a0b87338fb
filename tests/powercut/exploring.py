"""A scenario explored: recorded, cut after every call in every way, restarted, and checked."""

import hashlib
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tests.powercut.actors import Actor, Operation, Refused, attempt, perform_all
from tests.powercut.checking import Promises, check
from tests.powercut.disks import Disk
from tests.powercut.events import Event, Marked, Record, Tree
from tests.powercut.loose import LooseDisk
from tests.powercut.ordered import OrderedDisk
from tests.powercut.places import Place
from tests.powercut.recording import Fault, record

_DIGEST_BYTES: Final = 16
MODELS: Final[dict[str, type[Disk]]] = {"ordered": OrderedDisk, "loose": LooseDisk}


@dataclass(frozen=True)
class Scenario:
    """What is done: first `before`, which is durable, then `operations`, which are recorded.

    `observe` gives what of the accounts promises are made of. What a cut leaves before the
    operation of number `since` begins is looked at in another scenario, which begins alike.
    """

    name: str
    operations: Sequence[Operation]
    before: Sequence[Operation] = ()
    observe: Callable[[Actor], Any] = lambda actor: None  # noqa: ARG005
    fault: Fault | None = None
    since: int = 0


@dataclass(frozen=True)
class Search:
    """How thoroughly to look: at `most` states of each model, left at `moments`; None for all."""

    seed: int = 1
    most: int | None = None
    moments: int | None = None
    models: tuple[str, ...] = ("ordered", "loose")
    fault: str = ""


@dataclass(frozen=True)
class Finding:
    """A state that is not as promised: by which model, after which event, and what is wrong."""

    scenario: str
    model: str
    event: int
    said: list[str]
    fault: str = ""

    def __str__(self) -> str:
        """Give one line."""
        fault = f", {self.fault}" if self.fault else ""
        said = "; ".join(self.said)
        return f"{self.scenario}{fault}, {self.model}, after event {self.event}: {said}"


@dataclass
class Count:
    """How much was looked at: calls recorded, states made, how many differ, and were checked."""

    calls: int = 0
    tried: int = 0
    distinct: int = 0
    checked: int = 0
    findings: list[Finding] = field(default_factory=list)

    def add(self, other: "Count") -> None:
        """Count what another one did too."""
        self.calls += other.calls
        self.tried += other.tried
        self.distinct += other.distinct
        self.checked += other.checked
        self.findings += other.findings


@dataclass(frozen=True)
class Left:
    """A state to check: the tree, and the promises by then."""

    tree: Tree
    promises: Promises
    event: int


@dataclass(frozen=True)
class Run:
    """A scenario performed: its record, and what was promised before it began."""

    scenario: Scenario
    record: Record
    start: Promises


def promised(run: Run) -> Iterator[tuple[int, Event, Promises]]:
    """Give each event with what is promised then, but for marks that only say what begins."""
    scenario, record = run.scenario, run.record
    seen = [event.said for event in record.events if isinstance(event, Marked)]
    ends = [said for said in seen if isinstance(said, tuple) and said[0] == "end"]
    settled = now = run.start
    for index, event in enumerate(record.events):
        match event:
            case Marked(said=("begin", int() as number)):
                operation = scenario.operations[number]
                later = [each[3] for each in ends if each[1] == number and each[3] is not None]
                now = settled.without_knowing(operation, later, is_cut_off=True)
                continue
            case Marked(said=("end", int() as number, outcome, observation)):
                operation = scenario.operations[number]
                if isinstance(outcome, Refused) and not outcome.is_certain:
                    later = [each[3] for each in ends if each[1] == number and each[3] is not None]
                    settled = settled.without_knowing(operation, later, is_cut_off=False)
                else:
                    settled = settled.knowing(operation, outcome, observation)
                now = settled
            case _:
                pass
        yield index, event, now


def prepare(place: Place, scenario: Scenario) -> Promises:
    """Bring a place into the state in which the record begins, all of it durable."""
    place.empty()
    actor, promises = Actor(place.root), Promises()
    for operation in scenario.before:
        outcome = attempt(operation, actor)
        assert not isinstance(outcome, Refused), (scenario.name, operation, outcome)
        promises = promises.knowing(operation, outcome, None)
    return promises


def run_scenario(
    place: Place, scenario: Scenario, fault: Fault | None = None, start: Promises | None = None
) -> Run:
    """Perform a scenario, recorded; with `start`, on what the place holds already."""
    start = start or prepare(place, scenario)

    def perform(say: Callable[[object], None]) -> None:
        actor = Actor(place.root, dict(start.done))
        perform_all(actor, scenario.operations, say, scenario.observe)

    return Run(scenario, record(place, perform, fault or scenario.fault), start)


def explore(place: Place, run: Run, search: Search) -> Count:
    """Check the states that a cut may leave of a record."""
    count = Count(sum(run.record.calls.values()))
    for model in search.models:
        chosen = _Sample(search.most, random.Random(f"{search.seed} {run.scenario.name} {model}"))
        for left in states(run, model, search.seed, count, search.moments):
            chosen.offer(left)
        for left in chosen.kept:
            if said := check_state(place, run, left):
                found = Finding(run.scenario.name, model, left.event, said, search.fault)
                count.findings.append(found)
            count.checked += 1
    return count


def check_state(place: Place, run: Run, left: Left) -> list[str]:
    """Restart on a state, and say what is not as promised."""
    place.make(left.tree)
    return check(place.root, left.promises, run.scenario.observe)


def states(
    run: Run, model: str, seed: int, count: Count, moments: int | None = None
) -> Iterator[Left]:
    """Give the states that differ, by one model, after each event in turn, or so many of them."""
    disk = MODELS[model](run.record.before)
    story = list(promised(run))
    chance = random.Random(f"{seed} {run.scenario.name} {model}")
    begun = _beginning(run)
    own = [number for number, (index, _, _) in enumerate(story) if index >= begun]
    chosen = set(chance.sample(own, min(moments or len(own), len(own))))
    seen: set[tuple[bytes, int]] = set()
    level, last = 0, None
    for number, (index, event, promises) in enumerate(story):
        disk.apply(event)
        if promises is not last:
            level, last = level + 1, promises
        if number not in chosen:
            continue
        known: dict[int, tuple[bytes, bytes]] = {}
        for tree in disk.states(random.Random(f"{seed} {index}")):
            count.tried += 1
            key = digest(tree, known), level
            if key not in seen:
                seen.add(key)
                count.distinct += 1
                yield Left(tree, promises, index)


def _beginning(run: Run) -> int:
    """Give the place of the first event whose states no other scenario has.

    Before a call failed all is as in the scenario in which none does.
    """
    begins = Marked(("begin", run.scenario.since))
    begun = run.record.events.index(begins) if run.scenario.since else 0
    return max(begun, run.record.fault)


def digest(tree: Tree, known: dict[int, tuple[bytes, bytes]] | None = None) -> bytes:
    """Give what is the same for trees that hold the same under the same names and numbers.

    `known` keeps digests of contents, by their place in memory; most states share most of them.
    """
    known = {} if known is None else known
    found = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    for folder, names in sorted(tree.folders.items()):
        found.update(repr((folder, sorted(names.items()))).encode())
    for node, data in sorted(tree.files.items()):
        if id(data) not in known:
            content = hashlib.blake2b(data, digest_size=_DIGEST_BYTES).digest()
            known[id(data)] = data, content  # which keeps that place from being used again
        found.update(b"%d " % node + known[id(data)][1])
    return found.digest()


class _Sample:
    """So many of what is offered, each as likely as the others; all of it if there is no limit."""

    def __init__(self, most: int | None, chance: random.Random) -> None:
        self.kept: list[Left] = []
        self._most = most
        self._chance = chance
        self._offered = 0

    def offer(self, left: Left) -> None:
        self._offered += 1
        if self._most is None or len(self.kept) < self._most:
            self.kept.append(left)
            return
        place = self._chance.randrange(self._offered)
        if place < self._most:
            self.kept[place] = left
