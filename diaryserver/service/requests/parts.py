"""Long requests: collects their parts, and does what they ask once they are whole.

Rules: what was put together goes the way of any other request: door, scope,
`service.requests.appending`, committer. One at a time, so that a batch has one long text at most,
and long texts never take the place of short ones in the committer's queue. Parts that come while it
is being written wait for the same answer. What may be tried again keeps its parts.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from diaryserver.service.door import read_long_request
from diaryserver.service.ports.accounts import Token
from diaryserver.service.requests.appending import APPENDING, Author
from diaryserver.service.requests.assembling import LIFE_SECONDS, Assemblies, Assembly, Key
from diaryserver.service.work.committer import Committer
from protocol.errors import NOT_YET, RefusedError, ScopeError
from protocol.identifiers import EntryId
from protocol.messages.base import allows
from protocol.messages.changes import Changed
from protocol.messages.coding import encode_reply
from protocol.messages.parts import Part, Received
from protocol.messages.writing import Stored


class LongRequests:
    """Takes parts; used from one event loop."""

    def __init__(self, committer: Committer, monotonic: Callable[[], float]) -> None:
        """`committer` is the one that all appends share; `monotonic` gives seconds."""
        self.assemblies = Assemblies()
        self._committer = committer
        self._monotonic = monotonic
        self._turn = asyncio.Lock()
        self._writing: dict[Key, asyncio.Task[bytes]] = {}
        self._sweeping: asyncio.TimerHandle | None = None

    async def take(self, token: Token, part: Part, now: int) -> Received:
        """Give what is there, or the answer to the whole; `now` is in ms since the epoch.

        Raise the RefusedError that is the answer to the part, or to the whole.
        """
        known = self.assemblies.answer(token.uid, part)
        if known is not None:
            return Received(b"", known)
        assembly = self.assemblies.take(token.uid, part, self._monotonic())
        self._sweep_later()
        if not assembly.is_whole:
            return Received(assembly.bitmap(), b"")
        writing = self._writing.get(assembly.key)
        if writing is None:
            writing = asyncio.create_task(self._write(token, part.id, assembly, now))
            self._writing[assembly.key] = writing
        # Nobody who waits may end what others wait for.
        return Received(b"", await asyncio.shield(writing))

    async def _write(self, token: Token, rid: EntryId, assembly: Assembly, now: int) -> bytes:
        self.assemblies.hold(assembly)
        try:
            async with self._turn:
                reply = await self._append(
                    token, Author(token.user, rid, now, token.kid), assembly.joined()
                )
        except RefusedError as error:
            if error.code not in NOT_YET:
                self.assemblies.forget(assembly)
            raise
        else:
            again = encode_reply(replace(reply, dup=True))
            self.assemblies.done(assembly, again, self._monotonic())
            return encode_reply(reply)
        finally:
            self.assemblies.let_go(assembly)
            del self._writing[assembly.key]

    async def _append(self, token: Token, author: Author, plaintext: bytes) -> Stored | Changed:
        operation, request = read_long_request(plaintext)
        if not allows(token.scopes, operation.scope):
            raise ScopeError
        appending = APPENDING[operation.request]
        [writing] = appending.writings(author, request)
        reply = appending.answer(author, request, [await self._committer.append(writing)])
        if not isinstance(reply, Stored | Changed):
            raise TypeError(f"no long request is answered by {type(reply).__name__}")
        return reply

    def _sweep_later(self) -> None:
        if self._sweeping is None and len(self.assemblies):
            loop = asyncio.get_running_loop()
            self._sweeping = loop.call_later(LIFE_SECONDS, self._sweep)

    def _sweep(self) -> None:
        self._sweeping = None
        self.assemblies.sweep(self._monotonic())
        self._sweep_later()
