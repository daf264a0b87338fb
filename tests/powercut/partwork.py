"""A long text on its way in parts: through the service's assembling and committer, to the store.

Rules: no part alone is durable, and none is promised. What is said of the whole is: it is stored
once, whoever sends which part again, and after a cut the sender begins anew. The committer's worker
is replaced by a call, since what is recorded has one thread; all else is the service's own.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar, cast

from diaryserver.service.ports.entries import Writing
from diaryserver.service.requests.parts import LongRequests
from diaryserver.service.work.committer import Committer
from diaryserver.store.days.written_form import format_writing
from protocol.errors import ConflictError, StorageError
from protocol.messages.coding import decode_reply, encode_request
from protocol.messages.parts import Part, Received, cut
from protocol.messages.writing import Put, Stored
from tests.powercut.accountwork import user_of
from tests.powercut.actors import Actor, Refused
from tests.powercut.diarywork import Step
from tests.powercut.worlds import Line, World
from tests.server.fakes import NOON, token_of

if TYPE_CHECKING:
    from diaryserver.service.work.threads import Worker

_Result = TypeVar("_Result")
_SILENT: Final = 7
"""This part is lost on its way at first."""


class _Caller:
    """What the committer needs of a worker, on the loop's own thread."""

    def start(
        self,
        function: Callable[[], _Result],
        done: Callable[[_Result], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        """As Worker."""
        try:
            result = function()
        except Exception as error:  # noqa: BLE001 - handed on, as Worker does
            failed(error)
        else:
            done(result)

    def of(self, party: str) -> "_Caller":  # noqa: ARG002 - as Worker
        """As Worker: nobody else is there to take turns with."""
        return self


@dataclass(frozen=True, eq=False)
class PutInParts(Step):
    """Send an entry in parts, one of them late; another content under the id is refused."""

    writing: Writing

    def perform(self, actor: Actor) -> object:
        """Give whether it was there before, as the answer to the last part says."""
        return _sent(actor, self._parts(self.writing.text))

    def after(self, world: World, outcome: object) -> list[World]:
        """Have it for sure, or perhaps, or not at all."""
        if isinstance(outcome, Refused) and outcome.is_certain:
            return [world]
        key = self.writing.user, self.writing.day
        if world.knows(key, self.writing.id):
            return [world]
        line = Line(format_writing(self.writing), is_sure=isinstance(outcome, bool))
        return [world.with_lines(key, [(self.writing.id, line)])]

    def repeat(self, actor: Actor, outcome: object) -> list[str]:  # noqa: ARG002 - any is right
        """Hear of all parts, sent again, that it is stored; and refuse another text."""
        said = []
        if _sent(actor, self._parts(self.writing.text)) is not True:
            said.append(f"{self.writing.id.hex()}, sent in parts again, is stored again")
        try:
            _sent(actor, self._parts(self.writing.text + "!"))
        except ConflictError:
            return said
        return [*said, f"{self.writing.id.hex()}, sent in parts with other content, is taken"]

    def _parts(self, text: str) -> list[Part]:
        return cut(self.writing.id, encode_request(Put(NOON, 0, text)))


def _sent(actor: Actor, parts: list[Part]) -> bool:
    """Send parts as a client does whose one datagram was lost, and give the answer's `dup`."""
    answer = decode_reply(Stored, asyncio.run(_send(actor, parts)))
    assert isinstance(answer, Stored)
    return answer.dup


async def _send(actor: Actor, parts: list[Part]) -> bytes:
    committer = Committer(
        actor.data.entries,
        cast("Worker", _Caller()),
        actor.data.accounts.may_write,
        asyncio.get_running_loop().time,
    )
    requests = LongRequests(committer, asyncio.get_running_loop().time)
    token = token_of(user_of(actor))
    received = Received(b"", b"")
    for part in [*parts[:_SILENT], *parts[_SILENT + 1 :], parts[_SILENT]]:
        if received.answer:
            raise StorageError("a part was answered before all of them were there")
        received = await requests.take(token, part, NOON)
    return received.answer
