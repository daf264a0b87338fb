"""Plain-text connections that break off at any moment: counted, never a traceback."""

import asyncio
import errno
import os
import socket
import struct
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from diaryserver.clock import SystemClock
from diaryserver.composition import Runtime, build_service
from diaryserver.configuration import LegacySection
from diaryserver.engine import open_data
from diaryserver.net.accepting import Acceptor
from diaryserver.net.conversations import WELCOME, LineListener
from diaryserver.service.counters import Counters, Drop
from diaryserver.service.plain.plain import PlainService
from diaryserver.service.work.threads import Workers
from protocol.identifiers import Username

PATIENCE_SECONDS: Final = 10
RESET_AT_CLOSE: Final = struct.pack("ii", 1, 0)
"""SO_LINGER, on and of no seconds."""

LOST: Final = (
    errno.ECONNABORTED,
    errno.ECONNRESET,
    errno.EPROTO,
    errno.ENETDOWN,
    errno.ENETUNREACH,
    errno.EHOSTUNREACH,
    errno.EPERM,
)
"""What accept(2) says of a connection that is gone; only the first can be had on loopback."""


@contextmanager
def plain_service(folder: Path, counters: Counters) -> Iterator[PlainService]:
    """Give the service that a server with plain text has, with a guest."""
    folder.mkdir(mode=0o700)
    with open_data(folder) as data:
        data.accounts.add_user(Username("guest"), 0)
        runtime = Runtime(SystemClock(), Workers(), counters)
        service = build_service(data, runtime, LegacySection(enabled=True), set())
        assert service.plain is not None
        yield service.plain
        runtime.workers.close()


def connect(bound: socket.socket, host: str = "127.0.0.1") -> socket.socket:
    """Connect to a listening socket from an address of this machine."""
    return socket.create_connection(bound.getsockname(), PATIENCE_SECONDS, (host, 0))


def reset(peer: socket.socket) -> None:
    """Break a connection off with a reset, as a port scanner does."""
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_CLOSE)
    peer.close()


class Expecting(Counters):
    """Counters that know when so many connections were lost."""

    def __init__(self, lost: int) -> None:
        super().__init__()
        self._expected = lost
        self._is_complete = asyncio.Event()

    def count(self, reason: Drop) -> None:
        """Add one."""
        super().count(reason)
        if self.totals[Drop.CONNECTION_LOST] == self._expected:
            self._is_complete.set()

    async def complete(self) -> None:
        """Wait for them."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self._is_complete.wait()


def serving(
    folder: Path,
    counters: Expecting,
    scenario: Callable[[LineListener, socket.socket], Awaitable[None]],
) -> list[dict[str, Any]]:
    """Run a scenario with a listener that has not started; give what the event loop reported."""
    reported: list[dict[str, Any]] = []

    async def run(service: PlainService, bound: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: reported.append(context))
        listener = LineListener(bound, service, counters)
        await scenario(listener, bound)
        await listener.finish()

    with plain_service(folder / "data", counters) as service:
        bound = socket.create_server(("127.0.0.1", 0))
        bound.setblocking(False)  # noqa: FBT003 - the function takes it so
        asyncio.run(run(service, bound))
    return reported


def test_a_connection_reset_before_it_is_accepted_is_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """However many: not a line in the log for them, and the next one is welcomed."""
    counters = Expecting(50)

    async def scenario(listener: LineListener, bound: socket.socket) -> None:
        for number in range(50):
            reset(connect(bound, f"127.0.1.{number}"))
        listener.start()
        await counters.complete()
        with closing(connect(bound)) as peer:
            welcome = await asyncio.to_thread(peer.recv, 100)
        assert welcome == f"{WELCOME}\r\n".encode()

    assert serving(tmp_path, counters, scenario) == []
    assert caplog.records == []


def test_a_connection_reset_at_any_later_moment_is_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """After the welcome, in the midst of a line, with answers on the way."""
    counters = Expecting(4)

    async def scenario(listener: LineListener, bound: socket.socket) -> None:
        listener.start()
        for sent in (b"", b"half a li", b"hello\n" * 40, b"-r\n" * 2000):
            peer = connect(bound)
            await asyncio.to_thread(peer.recv, 100)
            peer.sendall(sent)
            await asyncio.sleep(0)
            reset(peer)
        await counters.complete()

    assert serving(tmp_path, counters, scenario) == []
    assert caplog.records == []


class Stricken(socket.socket):
    """A listening socket whose first connections were lost, each in another way."""

    def suffer(self, *numbers: int) -> None:
        """Fail with these errors first."""
        self._errors = list(numbers)

    def accept(self) -> tuple[socket.socket, Any]:
        """Fail, then accept."""
        if self._errors:
            number = self._errors.pop(0)
            raise OSError(number, os.strerror(number))
        return super().accept()


def test_what_befell_one_connection_keeps_no_other_waiting(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Neither a pause, which any stranger could bring about, nor an alarm."""
    counters = Counters()

    async def scenario(bound: Stricken) -> str:
        welcomed: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        async def converse(
            _: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str
        ) -> None:
            welcomed.set_result(host)
            writer.close()

        acceptor = Acceptor(bound, converse, counters)
        acceptor.start()
        with closing(connect(bound)):
            # The first wake-up meets all the errors, and then the connection.
            await asyncio.sleep(0)
            host = await asyncio.wait_for(welcomed, PATIENCE_SECONDS)
        acceptor.close()
        return host

    with Stricken(socket.AF_INET, socket.SOCK_STREAM) as bound:
        bound.bind(("127.0.0.1", 0))
        bound.listen()
        bound.setblocking(False)  # noqa: FBT003 - the function takes it so
        bound.suffer(*LOST)
        assert asyncio.run(scenario(bound)) == "127.0.0.1"
    assert counters.totals == {Drop.CONNECTION_LOST: len(LOST)}
    assert caplog.records == []
