"""The first use of a token: durable before anything is answered, and nobody overtakes."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

import pytest

from diaryserver.service.ports.accounts import Token, User
from diaryserver.service.requests.firstuse import FirstUses
from diaryserver.service.token_life import Seed, Wish, token_of_login
from protocol.errors import StorageError
from protocol.identifiers import Username

UNUSED: Final = token_of_login(
    Seed(b"k" * 8, b"s" * 32, 1, 0),
    User(b"u" * 16, Username("alice"), 0, has_password=True),
    Wish("desk", "full", 0, fixed=False),
)


async def settled(marks: int, between: Callable[[], Awaitable[None]]) -> list[int]:
    """Let ten requests come before, and ten after, each step of a mark; give their order."""
    used: set[bytes] = set()
    order: list[int] = []
    tasks: list[asyncio.Task[None]] = []

    async def mark(token: Token) -> None:
        for _ in range(marks):
            await asyncio.sleep(0)
            arrive(10)
        used.add(token.kid)
        arrive(10)
        await between()
        arrive(10)

    async def request(number: int) -> None:
        await uses.settle(replace(UNUSED, used=1) if used else UNUSED)
        order.append(number)

    def arrive(count: int) -> None:
        tasks.extend(
            asyncio.create_task(request(number)) for number in range(len(tasks), len(tasks) + count)
        )

    uses = FirstUses(used.__contains__, mark)
    arrive(10)
    while len(order) < len(tasks):
        await asyncio.sleep(0)
        if len(tasks) < 100:
            arrive(1)
    return order


@pytest.mark.parametrize("steps", range(4))
def test_nobody_overtakes_while_a_first_use_is_kept(steps: int) -> None:
    """Requests go on in the order in which they came, whenever in between they came."""

    async def between() -> None:
        for _ in range(steps):
            await asyncio.sleep(0)

    order = asyncio.run(settled(steps, between))
    assert order == sorted(order)
    assert len(order) >= 100


def test_a_first_use_that_could_not_be_kept_is_tried_again() -> None:
    """The request that met the broken disk is refused, the next one is not."""
    failures = [StorageError("the disk is broken")]
    used: set[bytes] = set()

    async def mark(token: Token) -> None:
        await asyncio.sleep(0)
        if failures:
            raise failures.pop()
        used.add(token.kid)

    async def run() -> list[BaseException | None]:
        uses = FirstUses(used.__contains__, mark)
        return await asyncio.gather(*map(uses.settle, [UNUSED] * 3), return_exceptions=True)

    first, *others = asyncio.run(run())
    assert isinstance(first, StorageError)
    assert others == [None, None]
    assert used == {UNUSED.kid}
