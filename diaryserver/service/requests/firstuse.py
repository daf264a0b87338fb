"""Keeps that a token is in use, before its first request is handled.

Rules: whatever the first request asks, somebody has this token, so it must outlive its first ten
minutes, and no answer leaves before that is durable. Requests that come meanwhile wait their turn,
so that a user's entries reach the store in the order in which they arrived.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from diaryserver.service.ports.accounts import Token


@dataclass(slots=True)
class _Queue:
    """The requests of one token: `lock` lets them through one by one, first come first."""

    waiting: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


IsUsed: TypeAlias = Callable[[bytes], bool]
MarkUsed: TypeAlias = Callable[[Token], Awaitable[None]]


class FirstUses:
    """Used from one event loop; holds as many requests as the caller lets be in flight."""

    def __init__(self, is_used: IsUsed, mark_used: MarkUsed) -> None:
        """`is_used` tells from memory, by key id; `mark_used` makes it durable or raises."""
        self._is_used = is_used
        self._mark_used = mark_used
        self._queues: dict[bytes, _Queue] = {}

    def is_settled(self, token: Token) -> bool:
        """Tell whether `settle` would return at once, with nobody to overtake."""
        return bool(token.used) and token.kid not in self._queues

    async def settle(self, token: Token) -> None:
        """Return once the token's use is durable, and every earlier request has gone on.

        Raise what `mark_used` raises; the next request tries again.
        """
        queue = self._queues.get(token.kid)
        if queue is None:
            if token.used:
                return
            queue = self._queues[token.kid] = _Queue()
        queue.waiting += 1
        try:
            async with queue.lock:
                if not self._is_used(token.kid):
                    await self._mark_used(token)
        finally:
            queue.waiting -= 1
            if not queue.waiting:
                del self._queues[token.kid]
