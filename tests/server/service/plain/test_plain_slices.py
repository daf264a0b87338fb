"""Plain text in slices: what a guest is told does not depend on how short they are."""

import itertools

from diaryserver.service.plain.dialect import CLEARED, CREATED, read_command
from diaryserver.service.plain.plain import PlainRules, PlainService, Understood
from diaryserver.service.work.committer import Committer
from diaryserver.service.work.slices import SLICE_SECONDS, Slices
from diaryserver.service.work.turns import GUESTS
from tests.server.fakes import seeded
from tests.server.world import ALICE, World


def test_a_day_is_shown_and_cleared_piece_by_piece(world: World) -> None:
    """One piece of work a slice: each answer is that of one look at the day, made once."""
    world.user()
    clock = itertools.count(0.0, SLICE_SECONDS * 0.6)
    worker = Slices(world.workers.entries.of(GUESTS), world.entries, lambda: next(clock))
    committer = Committer(
        world.entries, world.workers.entries, world.accounts.may_write, world.clock.monotonic
    )
    plain = PlainService(
        PlainRules((), (), ALICE, "utf-8", 4096),
        world.clock,
        world.accounts,
        world.entries,
        committer,
        worker,
        seeded(7),
        world.counters,
    )

    async def answers() -> list[str]:
        said = []
        for asked in ("-r", "a text", "-r", "-c", "-r", "-c"):
            command, encoding = read_command(asked.encode(), "utf-8")
            said.append((await plain.answer(ALICE, Understood(command, encoding))).decode())
        return said

    created, kept, shown, cleared, nothing, again = world.run(answers)
    assert (created.strip(), cleared.strip(), again.strip()) == (CREATED, CLEARED, CLEARED)
    assert kept.strip() in shown
    assert kept.strip() not in nothing
    names = [row.name for row in world.entries.list_archives(ALICE, "", 9).rows]
    assert len(names) == 1
