"""Operations on diaries, each with what it promises."""

from dataclasses import dataclass, replace
from typing import ClassVar, Final

from diaryserver.maintenance.faults import Kind
from diaryserver.service.ports.entries import Appended, Outcome, UnfinishedError, Writing
from diaryserver.store.days.written_form import format_writing
from protocol.errors import ConflictError, StorageError
from protocol.identifiers import Day, EntryId, Username
from tests.powercut.actors import Actor, Refused, attempt
from tests.powercut.worlds import Line, World
from tests.server.fakes import NOON
from tests.server.store_contract import ALICE, TODAY, compress_all

DONE: Final = "done"
UNFINISHED: Final = "unfinished"


@dataclass(frozen=True, eq=False)
class Step:
    """An operation that promises nothing of its own."""

    is_repeated: ClassVar[bool] = True
    is_by_hand: ClassVar[bool] = False
    leaves: ClassVar[frozenset[Kind]] = frozenset()

    def after(self, world: World, outcome: object) -> list[World]:  # noqa: ARG002
        """Change nothing."""
        return [world]

    def resume(self, actor: Actor) -> None:
        """Have nothing to do before a start."""

    def inspect(self, actor: Actor) -> list[str]:  # noqa: ARG002
        """Have nothing to look at."""
        return []

    def repeat(self, actor: Actor, outcome: object) -> list[str]:  # noqa: ARG002
        """Have nothing to ask."""
        return []


class Start(Step):
    """Open the data."""

    is_repeated = False

    def perform(self, actor: Actor) -> object:
        """As Operation."""
        actor.start()
        return DONE


class Stop(Step):
    """Close them in order: the journal is empty then."""

    is_repeated = False

    def perform(self, actor: Actor) -> object:
        """As Operation."""
        actor.stop()
        return DONE


class Checkpoint(Step):
    """What happens every 30 s."""

    def perform(self, actor: Actor) -> object:
        """As Operation."""
        actor.data.entries.checkpoint()
        return DONE


class Settle(Step):
    """What precedes a backup."""

    def perform(self, actor: Actor) -> object:
        """As Operation."""
        actor.data.day_files.settle()
        return DONE


class Compress(Step):
    """Compress every day there is."""

    def perform(self, actor: Actor) -> object:
        """As Operation."""
        return compress_all(actor.data.day_files)


@dataclass(frozen=True, eq=False)
class Put(Step):
    """Hand over a batch, entries and changes."""

    batch: tuple[Writing, ...]

    def perform(self, actor: Actor) -> object:
        """Give an outcome for each: "stored", "again", "unknown" or the error's name."""
        outcomes = actor.data.entries.append_batch(self.batch)
        words = tuple(map(_word, outcomes))
        if "unknown" in words:
            # The client sends what is not known to be stored once more.
            words = tuple(map(_word, actor.data.entries.append_batch(self.batch)))
        return words

    def after(self, world: World, outcome: object) -> list[World]:
        """Hold what was acknowledged for sure, and what may be stored perhaps."""
        words = outcome if isinstance(outcome, tuple) else ("unknown",) * len(self.batch)
        if isinstance(outcome, Refused) and outcome.is_certain:
            return [world]
        for writing, word in zip(self.batch, words, strict=True):
            key = writing.user, writing.day
            if word in {"stored", "again", "unknown"} and not world.knows(key, writing.id):
                line = Line(format_writing(writing), is_sure=word != "unknown")
                world = world.stored(key, writing.id, line)
        return [world]

    def repeat(self, actor: Actor, outcome: object) -> list[str]:
        """Give the old answer to a repetition, and refuse other content under the id."""
        if not isinstance(outcome, tuple):
            return []
        known = [
            each
            for each, word in zip(self.batch, outcome, strict=True)
            if word in {"stored", "again"} and actor.data.accounts.has_user(each.user)
        ]
        said = [
            f"{writing.id.hex()}, sent again, is answered {answer}"
            for writing, answer in zip(known, actor.data.entries.append_batch(known), strict=True)
            if answer != Appended(writing.day, duplicate=True)
        ]
        others = [_other(each) for each in known]
        return said + [
            f"{writing.id.hex()}, with other content, is answered {answer}"
            for writing, answer in zip(others, actor.data.entries.append_batch(others), strict=True)
            if not isinstance(answer, ConflictError)
        ]


@dataclass(frozen=True, eq=False)
class Clear(Step):
    """Set a day aside."""

    rid: EntryId
    generation: int = 0
    day: Day = TODAY
    user: Username = ALICE

    def perform(self, actor: Actor) -> object:
        """Give the archive's name."""
        return actor.data.entries.clear(self.user, self.day, self.generation, self.rid)

    def after(self, world: World, outcome: object) -> list[World]:
        """Have the day in the archive, or, if nobody knows, perhaps."""
        key = self.user, self.day
        if self.rid in world.archives or (isinstance(outcome, Refused) and outcome.is_certain):
            return [world]
        if isinstance(outcome, str):
            return [world.cleared(key, self.rid)]
        is_possible = world.lines(key) and world.generation(key) == self.generation
        return [world, world.cleared(key, self.rid)] if is_possible else [world]

    def repeat(self, actor: Actor, outcome: object) -> list[str]:
        """Give the same name."""
        again = attempt(self, actor)
        if isinstance(outcome, str) and again != outcome:
            return [f"clear, asked again, gives {again} and not {outcome}"]
        return []


@dataclass(frozen=True, eq=False)
class BeginClear(Step):
    """Clear a long day for one piece of work only: what is not finished did nothing yet."""

    clear: Clear
    is_repeated: ClassVar[bool] = False

    def perform(self, actor: Actor) -> object:
        """Give "unfinished"."""
        leave = iter([True])
        try:
            with actor.data.entries.bounded(lambda: next(leave, False)):
                return self.clear.perform(actor)
        except UnfinishedError:
            return UNFINISHED


@dataclass(frozen=True, eq=False)
class Recover(Step):
    """Bring back what an earlier operation cleared."""

    clear: Clear
    generation: int

    def perform(self, actor: Actor) -> object:
        """Give how many entries there were."""
        name = str(actor.outcomes.get(self.clear, "none"))
        clear = self.clear
        return actor.data.entries.recover(clear.user, clear.day, self.generation, name)

    def after(self, world: World, outcome: object) -> list[World]:
        """Have its lines in the day again."""
        archived = world.archives.get(self.clear.rid)
        if archived is None or (isinstance(outcome, Refused) and outcome.is_certain):
            return [world]
        is_sure = isinstance(outcome, int)
        lines = [
            (each, Line(line.data, is_sure=is_sure and line.is_sure))
            for each, line in archived.lines.items()
            if not (known := world.lines((archived.user, archived.day)).get(each))
            or not known.is_sure
        ]
        return [world.with_lines((archived.user, archived.day), lines)]


@dataclass(frozen=True, eq=False)
class RenameByHand(Step):
    """Somebody moves a day's file away under the running server, and syncs nothing.

    What changed an entry may be in another file than the entry then, which `verify` names.
    """

    is_repeated = False
    is_by_hand = True
    leaves = frozenset({Kind.STRANGE_NAME, Kind.ORDER})

    number: int = 1
    day: Day = TODAY
    user: Username = ALICE

    def perform(self, actor: Actor) -> object:
        """As a rotation does."""
        folder = actor.folder / "diaries" / self.user
        (folder / f"{self.day}.log").rename(folder / f"{self.day}.log.{self.number}")
        return DONE

    def after(self, world: World, outcome: object) -> list[World]:
        """Know nothing for sure: `mv` promises nothing over a cut."""
        key = self.user, self.day
        is_done = not isinstance(outcome, Refused) and world.lines(key)
        world = world.followed(key).edited(key)
        return [world, world.moved(key)] if is_done else [world]


@dataclass(frozen=True, eq=False)
class Remove(Step):
    """Remove a user: the account first, then the diary, which is set aside or deleted.

    A cut in between leaves a diary of nobody, which `verify` names.
    """

    leaves = frozenset({Kind.STRAY_DIARY})

    user: Username
    is_purged: bool = False

    def perform(self, actor: Actor) -> object:
        """As the operator's command does."""
        accounts, entries = actor.data.accounts, actor.data.entries
        found = accounts.find_user(self.user)
        if found is not None:
            actor.outcomes[self] = found.uid
            accounts.remove_user(found, NOON)
        uid = actor.outcomes.get(self)
        if isinstance(uid, bytes):
            (entries.purge if self.is_purged else entries.retire)(self.user, uid)
        return uid

    def after(self, world: World, outcome: object) -> list[World]:
        """Show the diary to nobody; kept, it is all there."""
        if isinstance(outcome, Refused) and outcome.is_certain:
            return [world]
        gone = world.without(self.user, is_kept=not self.is_purged)
        if isinstance(outcome, bytes):
            return [gone]
        for key in world.days:
            if key[0] == self.user:
                world = world.followed(key)
        half = world.without(self.user, is_kept=True, is_sure=not self.is_purged)
        return [world, half, gone]


def _word(outcome: Outcome) -> str:
    if isinstance(outcome, Appended):
        return "again" if outcome.duplicate else "stored"
    return "unknown" if isinstance(outcome, StorageError) else type(outcome).__name__


def _other(writing: Writing) -> Writing:
    if writing.change is not None:
        change = replace(writing.change, stamp=writing.change.stamp._replace(off=60))
        return writing._replace(change=change)
    return writing._replace(text=writing.text + "!")
