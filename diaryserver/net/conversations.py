"""Plain text by TCP: telnet and netcat, a line at a time.

Rules: one line is answered before the next is read, so that a flood waits in its own kernel
buffer; a peer that stalls or floods costs one of its own few connections and nothing else; the
first line, as soon as it can be told and at its end at the latest, shows a browser or another
protocol (`service.plain.foreign`), which is closed before anything of it is kept or answered, or
any web page could POST into the diary.
"""

import asyncio
import socket
from collections import Counter
from typing import Final

from diaryserver.net.accepting import Acceptor
from diaryserver.net.line_stream import MAX_LINE, TelnetDecoder
from diaryserver.net.opening import Opening
from diaryserver.service.counters import Counters, Drop
from diaryserver.service.plain.plain import PlainService
from protocol.errors import MalformedError, RefusedError
from protocol.identifiers import Username

MAX_CONNECTIONS: Final = 64
MAX_PER_ADDRESS: Final = 8
"""Plain text is for a few machines at home; so many windows nobody has open at once."""

IDLE_SECONDS: Final = 600.0
"""A telnet window left open overnight is closed; its owner sees it and connects again."""

SEND_SECONDS: Final = 30.0
"""How long a peer may leave its answers unread."""

WELCOME: Final = "Welcome to the server. Type something and hit enter"
RECEIPT: Final = "收到！"  # noqa: RUF001 - the tutorial's own word, full width and all
TOO_LONG: Final = f"not kept: a line has at most {MAX_LINE} bytes"
NOT_TEXT: Final = "not kept: that is no text"

_READ_BYTES: Final = 4096


class LineListener:
    """Accepts plain-text connections on one socket."""

    def __init__(self, bound: socket.socket, service: PlainService, counters: Counters) -> None:
        """Take over `bound`; nothing is accepted before `start`."""
        self._acceptor = Acceptor(bound, self._accept, counters)
        self._service = service
        self._counters = counters
        self._open: Counter[str] = Counter()
        self._conversations: set[_Conversation] = set()

    def start(self) -> None:
        """Accept from now on."""
        self._acceptor.start()

    async def finish(self) -> None:
        """Accept no more; lines that have arrived are answered, then connections are closed."""
        self._acceptor.close()
        for conversation in self._conversations:
            conversation.stop()
        for conversation in list(self._conversations):
            await conversation.ended.wait()

    async def _accept(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str
    ) -> None:
        user = self._service.user_for(host)
        if user is None:  # counted by the service
            writer.close()
            return
        if self._open.total() >= MAX_CONNECTIONS or self._open[host] >= MAX_PER_ADDRESS:
            self._counters.count(Drop.PLAIN_NOT_ALLOWED)
            writer.close()
            return
        conversation = _Conversation(self._service, host, user, self._counters, reader, writer)
        self._conversations.add(conversation)
        self._open[host] += 1
        try:
            await conversation.run()
        finally:
            self._conversations.discard(conversation)
            self._open[host] -= 1
            if not self._open[host]:
                del self._open[host]
            writer.close()


class _Conversation:
    """One connection, from the welcome to its end."""

    def __init__(  # noqa: PLR0913 - who speaks, with what, and the two ends
        self,
        service: PlainService,
        host: str,
        user: Username,
        counters: Counters,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._service = service
        self._host = host
        self._user = user
        self._counters = counters
        self._reader = reader
        self._writer = writer
        self._decoder = TelnetDecoder()
        self._opening = Opening()
        self._stopping = False
        self.ended = asyncio.Event()

    def stop(self) -> None:
        """Read no more than has arrived."""
        self._stopping = True
        self._reader.feed_eof()

    async def run(self) -> None:
        """Converse until the peer ends it, is idle for too long, or turns out to be no person."""
        try:
            await self._send(WELCOME.encode())
            while data := await self._read():
                lines = self._decoder.feed(data)
                self._writer.write(self._decoder.replies())
                if not await self._answer_all(lines):
                    return
            if not self._stopping:  # else the rest of a half line is perhaps on its way
                await self._answer_all(self._decoder.finish())
        except TimeoutError:
            return  # idle, or does not read; nothing is half kept
        except OSError:
            self._counters.count(Drop.CONNECTION_LOST)
        finally:
            self.ended.set()

    async def _read(self) -> bytes:
        async with asyncio.timeout(IDLE_SECONDS):
            return await self._reader.read(_READ_BYTES)

    async def _answer_all(self, lines: list[bytes | None]) -> bool:
        """Answer each line; give False if this is no plain-text client, or no longer served."""
        if self._opening.is_foreign(lines, self._decoder.unfinished()):
            self._counters.count(Drop.PLAIN_FOREIGN)
            return False
        for line in lines:
            if self._service.user_for(self._host) != self._user:
                return False  # the user was disabled or removed meanwhile
            await self._answer(line)
        return True

    async def _answer(self, line: bytes | None) -> None:
        if line is None:
            await self._send(TOO_LONG.encode())
            return
        if not line:
            return
        try:
            asked = self._service.understand(line)
            answer = await self._service.answer(self._user, asked, receipt=RECEIPT)
        except MalformedError:
            answer = NOT_TEXT.encode()
        except RefusedError as error:
            answer = f"not kept: {error}".encode()
        await self._send(answer)

    async def _send(self, answer: bytes) -> None:
        self._writer.write(answer.replace(b"\n", b"\r\n") + b"\r\n")
        async with asyncio.timeout(SEND_SECONDS):
            await self._writer.drain()
