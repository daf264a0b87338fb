"""Where a datagram goes: protocol or plain text by its first bytes, then by its kind.

Whatever is no request to a server is counted and dropped. Rules: the cheapest look comes first, for
a flood shares the core with everybody: a HELLO that nobody will answer is dropped by its first
bytes, a request by its key id or its signature, before an envelope is read.
"""

from typing import Protocol

from diaryserver.service.counters import Counters, Drop
from diaryserver.service.logins.login import LoginService
from diaryserver.service.plain.plain import PlainDatagrams
from diaryserver.service.source import Accept, SendReply, Source
from protocol.envelope import KIND_AT, Kind, looks_like_protocol, parse_envelope
from protocol.errors import MalformedError


class Receiver(Protocol):
    """Whoever answers requests; `RequestService` does."""

    def screen(self, datagram: bytes) -> Accept | None:
        """Give what takes a request with its sender; None for what nobody signed."""

    async def finish(self) -> None:
        """Wait until all that was received is answered."""


class Router:
    """The service as the network sees it."""

    def __init__(
        self,
        requests: Receiver,
        logins: LoginService,
        plain: PlainDatagrams | None,
        counters: Counters,
    ) -> None:
        """All share one event loop; `plain` is None where plain text is off."""
        self.screen = requests.screen
        self._requests = requests
        self._logins = logins
        self._plain = plain
        self._counters = counters

    def receive(self, datagram: bytes, source: Source, reply: SendReply) -> None:
        """Take one datagram; `reply` is called at most once, now or later."""
        if not looks_like_protocol(datagram):
            self._receive_other(datagram, source, reply)
            return
        kind = datagram[KIND_AT]
        if kind == Kind.HELLO:
            self._logins.hello(datagram, source, reply)
            return
        if kind == Kind.REQUEST:
            if (accept := self.screen(datagram)) is not None:
                accept(source, reply)
            return
        try:
            envelope = parse_envelope(datagram)
        except MalformedError:
            self._counters.count(Drop.MALFORMED)
            return
        if envelope.kind is Kind.LOGIN:
            self._logins.login(envelope, source, reply)
        else:
            self._counters.count(Drop.UNEXPECTED_KIND)

    def _receive_other(self, datagram: bytes, source: Source, reply: SendReply) -> None:
        if self._plain is None:
            self._counters.count(Drop.MALFORMED)
        else:
            self._plain.receive(datagram, source, reply)

    async def finish(self) -> None:
        """Wait until all that was received is answered."""
        await self._logins.finish()
        await self._requests.finish()
        if self._plain is not None:
            await self._plain.finish()
