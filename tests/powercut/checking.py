"""A restart on what a cut has left, held against what was promised by then.

Checked are, in this order: what `verify` says before anything is mended; that the data open; every
diary, archive and account; repetitions; that what was cut off can be done again; that new entries
are taken, and are there after another restart; and what `verify` says then.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, TypeAlias

from diaryserver.errors import DataError
from diaryserver.maintenance.faults import Kind
from diaryserver.maintenance.verify import verify
from diaryserver.service.ports.entries import Appended
from diaryserver.store.days.archives import archived_of
from diaryserver.store.days.pieces import split_pieces
from protocol.errors import DiaryError
from protocol.identifiers import Day, EntryId, Username
from tests.powercut.actors import Actor, Operation, Refused, attempt
from tests.powercut.worlds import DayKey, Lines, World, differences
from tests.server.store_contract import EVERYTHING, FIRST, LAST, TODAY, entry

_Found: TypeAlias = list[tuple[EntryId | None, bytes]]
Observe: TypeAlias = Callable[[Actor], Any]
"""Gives what of the accounts promises are made of; None: of no interest."""


@dataclass(frozen=True, slots=True)
class Promises:
    """What holds at some moment.

    `worlds` are possible, `observations` of the accounts too (empty: of no interest). `done` are
    the operations that were acknowledged, with their outcomes; `cut_off` is the one on its way, and
    `abandoned` are those that failed, or were on theirs when the power went before.
    """

    worlds: tuple[World, ...] = (World(),)
    observations: tuple[Any, ...] = ()
    done: tuple[tuple[Operation, object], ...] = ()
    cut_off: Operation | None = None
    abandoned: tuple[Operation, ...] = ()

    def knowing(self, operation: Operation, outcome: object, observation: Any) -> "Promises":  # noqa: ANN401
        """Give what holds when an operation has returned with this outcome."""
        worlds = [later for world in self.worlds for later in operation.after(world, outcome)]
        done = self.done
        if not isinstance(outcome, Refused):
            done = (*done, (operation, outcome))
        observations = () if observation is None else (observation,)
        return Promises(_few(worlds), observations, done, abandoned=self.abandoned)

    def without_knowing(
        self, operation: Operation, later: Sequence[Any], *, is_cut_off: bool
    ) -> "Promises":
        """Give what holds while it goes on, or if nobody knows what became of it.

        `later` is what was observed when it had returned at last.
        """
        worlds = [*self.worlds]
        worlds += [after for world in self.worlds for after in operation.after(world, None)]
        cut_off = operation if is_cut_off else None
        abandoned = self.abandoned if is_cut_off else (*self.abandoned, operation)
        observations = (*self.observations, *later)
        return Promises(_few(worlds), observations, self.done, cut_off, abandoned)

    def given_up(self) -> "Promises":
        """Give what holds if nobody does again what was cut off."""
        return replace(self, cut_off=None, abandoned=self.unfinished())

    def unfinished(self) -> tuple[Operation, ...]:
        """Give what was cut off, this time or before."""
        return (*self.abandoned, self.cut_off) if self.cut_off else self.abandoned


_MOST_WORLDS: Final = 64


def _few(worlds: Sequence[World]) -> tuple[World, ...]:
    different: list[World] = []
    for world in worlds:
        if world not in different:
            different.append(world)
    assert len(different) <= _MOST_WORLDS
    return tuple(different)


@dataclass(slots=True)
class Seen:
    """What lies in all diaries, as readers and the operator see it."""

    days: dict[DayKey, tuple[int, _Found]] = field(default_factory=dict)
    renamed: dict[DayKey, _Found] = field(default_factory=dict)
    archives: dict[EntryId, tuple[DayKey, int, _Found]] = field(default_factory=dict)
    removed: dict[Username, dict[str, _Found]] = field(default_factory=dict)


def check(root: Path, promises: Promises, observe: Observe) -> list[str]:
    """Restart on what lies in `root`, and say what is not as promised."""
    actor = Actor(root, dict(promises.done))
    try:
        said = list(_raw_differences(actor.folder)) if actor.folder.exists() else []
        for operation in promises.unfinished():
            operation.resume(actor)
        actor.start()
    except (DiaryError, OSError) as error:
        return [f"the server does not start: {error}"]
    with ExitStack() as stack:
        stack.callback(actor.stop)
        try:
            return said + _check_open(actor, promises, observe)
        except (DiaryError, OSError, sqlite3.DatabaseError) as error:
            return [*said, f"what is there cannot be used: {error}"]


def _check_open(actor: Actor, promises: Promises, observe: Observe) -> list[str]:
    said = _best(promises.worlds, actor)
    if promises.observations and observe(actor) not in promises.observations:
        said.append("the accounts are neither as before nor as after the change")
    if said:
        faults = _faults(actor.folder)
        return [*said, f"verify says of it: {'; '.join(faults) or 'no faults'}"]
    for operation, outcome in promises.done:
        said += operation.repeat(actor, outcome)
    cut_off, worlds = promises.cut_off, promises.worlds
    if cut_off is not None:
        said += cut_off.inspect(actor)
        if cut_off.is_repeated:
            again = attempt(cut_off, actor)
            if isinstance(again, Refused) and not again.is_certain:
                said.append(f"done again after the cut, it fails: {again.error}")
            worlds = tuple(each for world in worlds for each in cut_off.after(world, again))
    steps = [*(operation for operation, _ in promises.done), *promises.unfinished()]
    allowed = frozenset(kind for step in steps for kind in step.leaves)
    return said + _check_working(actor, worlds, allowed)


def _check_working(actor: Actor, worlds: Sequence[World], allowed: frozenset[Kind]) -> list[str]:
    """Write, restart, and read."""
    users = {user for world in worlds for user, _ in world.days}
    new = [entry("after the cut", user=user) for user in sorted(users) or [Username("alice")]]
    new = [each for each in new if actor.data.accounts.has_user(each.user)]
    outcomes = actor.data.entries.append_batch(new)
    said = [
        f"a new entry is refused: {outcome!r}"
        for outcome in outcomes
        if not isinstance(outcome, Appended)
    ]
    actor.stop()
    actor.start()
    for each in new:
        key = each.user, TODAY
        row = actor.data.entries.list_days(each.user, TODAY, TODAY, 1).rows
        data = actor.data.entries.read(each.user, TODAY, row[0].generation, 0, EVERYTHING).data
        if each.id.hex().encode() not in data:
            said.append(f"{key}: the new entry is lost")
    seen = look(actor)
    for key in [key for each in new if (key := (each.user, TODAY)) in seen.days]:
        generation, found = seen.days[key]
        seen.days[key] = generation, [one for one in found if one[0] not in {e.id for e in new}]
    said += _best_of(worlds, seen)
    return said + [
        f"verify, in the end: {fault}"
        for fault in verify(actor.folder).faults
        if fault.kind not in allowed
    ]


def _faults(folder: Path) -> list[str]:
    return [str(each) for each in verify(folder).faults]


def _best(worlds: Sequence[World], actor: Actor) -> list[str]:
    return _best_of(worlds, look(actor))


def _best_of(worlds: Sequence[World], seen: Seen) -> list[str]:
    """Say the differences to the world that fits best."""
    return min((list(_mismatches(world, seen)) for world in worlds), key=len)


def look(actor: Actor) -> Seen:
    """Read all diaries by the store, and what is set aside as the operator finds it."""
    seen = Seen()
    entries = actor.data.entries
    for user in sorted(path.name for path in (actor.folder / "diaries").iterdir()):
        name = Username(user)
        for row in entries.list_days(name, FIRST, LAST, EVERYTHING).rows:
            data = entries.read(name, row.day, row.generation, 0, EVERYTHING).data
            seen.days[name, row.day] = row.generation, _pieces(data)
        for path in sorted((actor.folder / "diaries" / user).glob("*.log.[0-9]")):
            seen.renamed.setdefault((name, Day(path.name[:10])), []).extend(
                _pieces(path.read_bytes())
            )
        for path in sorted((actor.folder / "diaries" / user / "archive").glob("*")):
            cleared = archived_of(path.name)
            if cleared is not None:
                key = name, cleared.day
                found = _pieces(path.read_bytes())
                seen.archives[cleared.rid] = key, cleared.generation, found
    for path in sorted((actor.folder / "removed").iterdir()):
        owner = Username(path.name.split(".")[0])
        seen.removed[owner] = {
            day.stem: _pieces(day.read_bytes()) for day in sorted(path.glob("*.log"))
        }
    return seen


def _pieces(data: bytes) -> _Found:
    return [(piece.id, piece.data) for piece in split_pieces(data)]


def _mismatches(world: World, seen: Seen) -> Iterator[str]:
    for key in sorted({*world.days, *seen.days}):
        generation, found = seen.days.get(key, (world.generation(key), []))
        if not world.has_generation(key, generation):
            yield f"{key}: generation {generation} and not {world.generation(key)}"
        yield from _said_of(f"{key}", world.lines(key), found)
        shown = world.shown.get(key, (generation, b""))
        text = b"".join(data for _, data in found)
        if generation == shown[0] and not text.startswith(shown[1]):
            yield f"{key}: what was read of generation {generation} stands elsewhere now"
    yield from _lost_by_renaming(world, seen)
    yield from _of_archives(world, seen)
    for user in sorted({*world.removed, *seen.removed}):
        expected, found_days = world.removed.get(user, {}), seen.removed.get(user, {})
        if user not in world.removed:
            yield f"removed/{user}: nobody removed that"
        for day in sorted({*expected, *found_days}):
            lines = expected.get(Day(day), {})
            yield from _said_of(f"removed/{user} {day}", lines, found_days.get(day, []))


def _lost_by_renaming(world: World, seen: Seen) -> Iterator[str]:
    for key, lines in world.renamed.items():
        found = [*seen.renamed.get(key, []), *seen.days.get(key, (0, []))[1]]
        for entry_id, line in lines.items():
            if line.is_sure and (entry_id, line.data) not in found:
                yield f"{key}: {entry_id.hex()} is lost with the renamed file"


def _of_archives(world: World, seen: Seen) -> Iterator[str]:
    for rid in sorted({*world.archives, *seen.archives}):
        what = f"archive {rid.hex()}"
        if rid not in seen.archives:
            yield f"{what}: it is lost"
        elif rid not in world.archives:
            yield f"{what}: nobody cleared that"
        else:
            yield from _said_of(what, world.archives[rid].lines, seen.archives[rid][2])


def _said_of(what: str, expected: Lines, found: _Found) -> Iterator[str]:
    for difference in differences(expected, found):
        yield f"{what}: {difference}"


def _raw_differences(folder: Path) -> Iterator[str]:
    """Verify what the cut has left: it names every file that is not whole, and no whole one."""
    try:
        named = {fault.file for fault in verify(folder).faults}
    except DataError as error:
        yield f"verify fails on what the cut has left: {error}"
        return
    for path in sorted((folder / "diaries").glob("*/*.log")):
        name = str(path.relative_to(folder))
        ids = [entry_id for entry_id, _ in _pieces(path.read_bytes())]
        is_whole = None not in ids and len(ids) == len(set(ids))
        if not is_whole and name not in named:
            yield f"verify does not name {name}, which is not whole"
