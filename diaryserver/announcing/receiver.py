"""Requests that announce that they were received, are signed, and are answered."""

from functools import partial

from diaryserver.announcing.steps import Announce, Step
from diaryserver.service.router import Receiver
from diaryserver.service.source import Accept, SendReply, Source


class AnnouncingReceiver:
    """Stands in front of whoever receives requests."""

    def __init__(self, receiver: Receiver, announce: Announce) -> None:
        """Announce to this what `receiver` is handed."""
        self._receiver = receiver
        self._announce = announce

    def screen(self, datagram: bytes) -> Accept | None:
        """As Receiver."""
        self._announce(Step.RECEIVED)
        accept = self._receiver.screen(datagram)
        if accept is None:
            return None
        self._announce(Step.AUTHENTICATED)
        return partial(self._accept, accept)

    async def finish(self) -> None:
        """As Receiver."""
        await self._receiver.finish()

    def _accept(self, accept: Accept, source: Source, reply: SendReply) -> None:
        accept(source, partial(self._reply, reply))

    def _reply(self, reply: SendReply, datagram: bytes) -> None:
        self._announce(Step.REPLY_SEALED)
        reply(datagram)
        self._announce(Step.REPLY_SENT)
