"""What hands do to diaries beside the server, syncing nothing, and the reader who relies on it.

Rules: a hand promises nothing over a cut. From the moment on that a reader was shown what it did,
or a writer was told that it is stored, the server does. An editor that writes a file anew syncs its
bytes before it gives it the name, as editors do: else a cut leaves an empty file, and no server
could help.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from diaryserver.engine import open_entries
from diaryserver.maintenance.faults import Kind
from diaryserver.maintenance.repair import repair
from diaryserver.service.ports.entries import Writing
from diaryserver.store.days.pieces import split_pieces
from diaryserver.store.days.written_form import format_writing
from diaryserver.store.disk.gzipped import compress
from diaryserver.store.disk.user_folder import compressed_file, day_file
from diaryserver.store.ledger.ledgerfile import LEDGER
from protocol.identifiers import Day, Username
from tests.powercut.actors import Actor, Refused
from tests.powercut.diarywork import DONE, Step
from tests.powercut.worlds import DayKey, Line, World
from tests.server.store_contract import ALICE, EVERYTHING, TODAY

_TORN: Final = b"2026-11-22T12:00:00.000+00:00 somebody began a li"


@dataclass(frozen=True, eq=False)
class _ByHand(Step):
    """Something done to a day's file; what an editor writes first may be left beside it."""

    is_repeated = False
    is_by_hand = True
    leaves = frozenset({Kind.STRANGE_NAME})

    @property
    def key(self) -> DayKey:
        """Whose day."""
        return ALICE, TODAY

    def file(self, actor: Actor) -> Path:
        """Give the day's file, in a diary that is there."""
        user, day = self.key
        diary = actor.folder / "diaries" / user
        diary.mkdir(mode=0o700, parents=True, exist_ok=True)
        return diary / day_file(day)


@dataclass(frozen=True, eq=False)
class AppendByHand(_ByHand):
    """Somebody adds a line: with `>>`, or with an editor that writes the file `anew`.

    It is so short that it is in one sector with what was there, so that a cut leaves it or not.
    """

    writing: Writing
    anew: bool = False

    def perform(self, actor: Actor) -> object:
        """As Operation."""
        path, line = self.file(actor), format_writing(self.writing)
        packed = path.with_name(compressed_file(self.key[1]))
        if self.anew:
            _write_anew(path, path.read_bytes() + line)
        elif packed.exists():
            _append(packed, compress(line))
        else:
            _append(path, line)
        return DONE

    def after(self, world: World, outcome: object) -> list[World]:
        """Have it perhaps."""
        if isinstance(outcome, Refused):
            return [world]
        line = Line(format_writing(self.writing), is_sure=False)
        return [world.with_lines(self.key, [(self.writing.id, line)]).followed(self.key)]


@dataclass(frozen=True, eq=False)
class DropByHand(_ByHand):
    """Somebody takes a line out again that a hand had added."""

    writing: Writing

    def perform(self, actor: Actor) -> object:
        """As Operation."""
        path = self.file(actor)
        _write_anew(path, path.read_bytes().replace(format_writing(self.writing), b""))
        return DONE

    def after(self, world: World, outcome: object) -> list[World]:
        """Have it or not."""
        world = world.followed(self.key).edited(self.key)
        lines = {one: line for one, line in world.lines(self.key).items() if one != self.writing.id}
        dropped = world.holding(self.key, lines)
        return [world] if isinstance(outcome, Refused) else [world, dropped]


@dataclass(frozen=True, eq=False)
class ChangeByHand(_ByHand):
    """Somebody writes over a letter of a line that a hand had added, in its place."""

    writing: Writing

    def perform(self, actor: Actor) -> object:
        """As Operation."""
        path, old = self.file(actor), format_writing(self.writing)
        with path.open("r+b") as file:
            file.seek(path.read_bytes().index(old))
            file.write(self._changed())
        return DONE

    def after(self, world: World, outcome: object) -> list[World]:
        """Have it as it was, or as it is."""
        world = world.followed(self.key).edited(self.key)
        old = world.lines(self.key)
        line = old[self.writing.id]._replace(data=self._changed())
        new = world.holding(self.key, {**old, self.writing.id: line})
        return [world] if isinstance(outcome, Refused) else [world, new]

    def _changed(self) -> bytes:
        return format_writing(self.writing).replace(b"entry", b"ENTRY")


@dataclass(frozen=True, eq=False)
class RemoveByHand(_ByHand):
    """Somebody removes a day's file, in which only a hand had written."""

    def perform(self, actor: Actor) -> object:
        """As Operation."""
        self.file(actor).unlink()
        return DONE

    def after(self, world: World, outcome: object) -> list[World]:
        """Have the day or not."""
        world = world.followed(self.key).edited(self.key)
        return [world] if isinstance(outcome, Refused) else [world, world.holding(self.key, {})]


@dataclass(frozen=True, eq=False)
class TearByHand(_ByHand):
    """A line without its end, as a full disk leaves one: kept in quarantine, and not destroyed."""

    def perform(self, actor: Actor) -> object:
        """As Operation."""
        _append(self.file(actor), _TORN)
        return DONE

    def after(self, world: World, outcome: object) -> list[World]:  # noqa: ARG002 - it is no record
        """Have all else as before; when the end goes, the rest may count as new."""
        return [world.followed(self.key)]

    def repeat(self, actor: Actor, outcome: object) -> list[str]:  # noqa: ARG002 - any is right
        """Find its bytes somewhere in the diary."""
        diary = self.file(actor).parent
        texts = [path.read_bytes() for path in diary.rglob("*") if path.is_file()]
        return [] if any(each.endswith(_TORN) for each in texts) else ["a torn end is destroyed"]


@dataclass(frozen=True, eq=False)
class Read(Step):
    """Show a day to its reader, who goes on from there some other time."""

    user: Username = ALICE
    day: Day = TODAY

    def perform(self, actor: Actor) -> object:
        """Give the generation and the text; None if there is no such day."""
        rows = actor.data.entries.list_days(self.user, self.day, self.day, 1).rows
        if not rows:
            return None
        generation = rows[0].generation
        text = actor.data.entries.read(self.user, self.day, generation, 0, EVERYTHING).data
        return generation, text

    def after(self, world: World, outcome: object) -> list[World]:
        """Have for sure what was shown, in its place; a world that could not show it is none."""
        if not isinstance(outcome, tuple):
            return [world]
        generation, text = outcome
        key, lines = (self.user, self.day), world.lines((self.user, self.day))
        shown = {each.id: each.data for each in split_pieces(text) if each.id is not None}
        is_it = all(one in lines and lines[one].data == data for one, data in shown.items())
        if not is_it or any(line.is_sure and one not in shown for one, line in lines.items()):
            return []
        unseen = {one: line for one, line in lines.items() if one not in shown}
        sure = {one: Line(data, is_sure=True) for one, data in shown.items()}
        return [world.holding(key, {**unseen, **sure}).showing(key, generation, text)]


@dataclass(frozen=True, eq=False)
class CreateDay(Step):
    """Make an empty day."""

    def perform(self, actor: Actor) -> object:
        """As Operation."""
        actor.data.entries.create_day(ALICE, TODAY)
        return DONE

    def repeat(self, actor: Actor, outcome: object) -> list[str]:  # noqa: ARG002 - any is right
        """Find it."""
        rows = actor.data.entries.list_days(ALICE, TODAY, TODAY, 1).rows
        return [] if rows else ["an empty day is lost"]


@dataclass(frozen=True, eq=False)
class RemoveLedger(Step):
    """Somebody removes the ledger, without which no server starts."""

    def perform(self, actor: Actor) -> object:
        """As Operation."""
        (actor.folder / LEDGER).unlink()
        return DONE

    def after(self, world: World, outcome: object) -> list[World]:  # noqa: ARG002 - it is done
        """Have the days of new generations, which begin when it is made anew."""
        return [world.followed((ALICE, TODAY))]


@dataclass(frozen=True, eq=False)
class Repair(Step):
    """Mend what can be, where no server runs; an operator who was cut off says it again."""

    is_repeated = False
    leaves = frozenset({Kind.ORDER})

    def perform(self, actor: Actor) -> object:
        """As the command does."""
        return tuple(repair(actor.folder, lambda: _replay(actor.folder)))

    def resume(self, actor: Actor) -> None:
        """As it says."""
        self.perform(actor)


def _replay(folder: Path) -> None:
    with open_entries(folder):
        pass


def _append(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, mode=0o600)
    try:
        os.write(descriptor, data)
    finally:
        os.close(descriptor)


def _write_anew(path: Path, data: bytes) -> None:
    aside = path.with_name("edited")
    aside.unlink(missing_ok=True)  # of an attempt that failed
    _append(aside, data)
    with aside.open("rb") as file:
        os.fsync(file.fileno())
    aside.rename(path)
