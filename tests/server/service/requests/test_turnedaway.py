"""Whoever goes on asking with all his turns taken is told so, and then costs next to nothing."""

import asyncio
import threading
from collections import Counter

from diaryserver.service.counters import Drop
from diaryserver.service.requests.handlers import HANDLERS, LOOKING
from diaryserver.service.requests.turnedaway import MAX_TOLD, TurnedAway
from diaryserver.service.work.turns import MAX_WAITING
from protocol.envelope import parse_envelope
from protocol.identifiers import Username
from protocol.messages.base import Request
from protocol.messages.finding import Search
from protocol.messages.writing import Put
from tests.server.fakes import NOON, FrozenClock
from tests.server.store_contract import TODAY
from tests.server.world import HERE, Device, World, code_of

ALICE = Username("alice")
BOB = Username("bob")
SEARCH = Search("nowhere", TODAY, TODAY)


def test_a_user_is_told_so_often_a_second_and_others_are_told_as_often() -> None:
    """Each second anew."""
    clock = FrozenClock()
    away = TurnedAway(clock.monotonic)
    for _ in range(2):
        assert [away.is_told(ALICE) for _ in range(MAX_TOLD + 9)] == [True] * MAX_TOLD + [False] * 9
        assert away.is_told(BOB)
        clock.advance(1)


def test_what_looks_into_files_is_what_the_server_has_handlers_for() -> None:
    """What only appends, or asks the accounts, is turned away elsewhere, or never."""
    assert set(HANDLERS) > LOOKING
    assert Put not in LOOKING


def test_with_all_turns_taken_a_user_is_told_so_and_then_hears_nothing(world: World) -> None:
    """But what waits is answered, his entries are stored, and nobody else notices."""
    mallory, alice = world.device(world.user(Username("mallory"))), world.device()
    for device in (mallory, alice):  # the first use of a token takes a turn of its own
        assert code_of(device.put()) == "OK"
    asked = [mallory.request(SEARCH) for _ in range(MAX_WAITING + MAX_TOLD + 40)]
    hers, his = alice.request(SEARCH), mallory.request(Put(NOON, 0, "new"))
    replies: dict[str, list[bytes]] = {"asked": [], "hers": [], "his": []}
    gate = threading.Event()

    async def bring() -> None:
        world.workers.entries.start(gate.wait, lambda _: None, lambda _: None)
        for each in asked:
            world.router.receive(each, HERE, replies["asked"].append)
            await asyncio.sleep(0)
        world.router.receive(hers, HERE, replies["hers"].append)
        world.router.receive(his, HERE, replies["his"].append)
        gate.set()
        await world.router.finish()

    world.run(bring)
    assert len(replies["asked"]) == MAX_WAITING + MAX_TOLD
    assert world.dropped(Drop.TURNED_AWAY) == 40
    assert codes(mallory, asked, replies["asked"], SEARCH) == {"OK": MAX_WAITING, "BUSY": MAX_TOLD}
    assert codes(alice, [hers], replies["hers"], SEARCH) == {"OK": 1}
    assert codes(mallory, [his], replies["his"], Put(NOON, 0, "new")) == {"OK": 1}


def codes(
    device: Device, sent: list[bytes], replies: list[bytes], request: Request
) -> Counter[str]:
    """Count the codes of the replies to what was sent."""
    by_rid = {parse_envelope(each).rid: each for each in sent}
    return Counter(
        code_of(device.opened(each, by_rid[parse_envelope(each).rid], request)) for each in replies
    )
