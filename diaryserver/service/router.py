"""Where a datagram goes: protocol or plain text by its first bytes, then by its kind.

Whatever is no request to a server is counted and dropped.
"""

from diaryserver.service.counters import Counters, Drop
from diaryserver.service.login import LoginService
from diaryserver.service.plain import PlainDatagrams
from diaryserver.service.requests import RequestService, SendReply
from diaryserver.service.source import Source
from protocol.envelope import Kind, looks_like_protocol, parse_envelope
from protocol.errors import MalformedError


class Router:
    """The service as the network sees it."""

    def __init__(
        self,
        requests: RequestService,
        logins: LoginService,
        plain: PlainDatagrams | None,
        counters: Counters,
    ) -> None:
        """All share one event loop; `plain` is None where plain text is off."""
        self._requests = requests
        self._logins = logins
        self._plain = plain
        self._counters = counters

    def receive(self, datagram: bytes, source: Source, reply: SendReply) -> None:
        """Take one datagram; `reply` is called at most once, now or later."""
        if self._plain is not None and not looks_like_protocol(datagram):
            self._plain.receive(datagram, source, reply)
            return
        try:
            envelope = parse_envelope(datagram)
        except MalformedError:
            self._counters.count(Drop.MALFORMED)
            return
        if envelope.kind is Kind.REQUEST:
            self._requests.receive(envelope, source, reply)
        elif envelope.kind is Kind.HELLO:
            self._logins.hello(envelope, source, reply)
        elif envelope.kind is Kind.LOGIN:
            self._logins.login(envelope, source, reply)
        else:
            self._counters.count(Drop.UNEXPECTED_KIND)

    async def finish(self) -> None:
        """Wait until all that was received is answered."""
        await self._logins.finish()
        await self._requests.finish()
        if self._plain is not None:
            await self._plain.finish()
