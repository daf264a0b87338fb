"""Accepting connections, also while the process has no descriptor left for one.

asyncio's own server says that with a traceback for every try, some thousand a second (Python 3.11).
Here it is an alarm: one line, and a pause before the next try; who connects meanwhile waits in the
kernel's queue. Rules: what the machine lacks is an alarm; what befell one connection, which any
stranger can bring about, is counted, and the next one is accepted at once.
"""

import asyncio
import errno
import logging
import socket
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from diaryserver.service.alarm import Alarm
from diaryserver.service.counters import Counters, Drop

PAUSE_SECONDS: Final = 1.0
MAX_ACCEPTS: Final = 64
"""In one wake-up, so that datagrams get their turn in a flood of connections."""

_LOST: Final = frozenset(
    {
        errno.ECONNABORTED,
        errno.ECONNRESET,
        errno.EHOSTDOWN,
        errno.EHOSTUNREACH,
        errno.ENETDOWN,
        errno.ENETUNREACH,
        errno.ENOPROTOOPT,
        errno.EPERM,
        errno.EPROTO,
        errno.ETIMEDOUT,
    }
)
"""Errors of the connection that was to be accepted, which Linux reports so: accept(2)."""

Converse: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter, str], Awaitable[None]]
"""Takes the two ends and the peer's IP address; closes the writer."""

logger = logging.getLogger(__name__)


class Acceptor:
    """Hands each connection on one listening socket to `converse`, in a task of its own."""

    def __init__(self, bound: socket.socket, converse: Converse, counters: Counters) -> None:
        """Take over `bound`, which is non-blocking; nothing is accepted before `start`."""
        self._socket = bound
        self._converse = converse
        self._counters = counters
        self._loop = asyncio.get_running_loop()
        self._alarm = Alarm(logger, "connections are accepted again", self._loop.time)
        self._tasks: set[asyncio.Task[None]] = set()
        self._resuming: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Accept from now on."""
        self._loop.add_reader(self._socket, self._accept_waiting)

    def close(self) -> None:
        """Accept no more, and let the kernel refuse."""
        if self._resuming is not None:
            self._resuming.cancel()
        self._loop.remove_reader(self._socket)
        self._socket.close()

    def _accept_waiting(self) -> None:
        for _ in range(MAX_ACCEPTS):
            try:
                connection, peer = self._socket.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in _LOST:
                    self._counters.count(Drop.CONNECTION_LOST)
                    continue
                self._alarm.failed(f"no connection can be accepted: {error.strerror}")
                self._loop.remove_reader(self._socket)
                self._resuming = self._loop.call_later(PAUSE_SECONDS, self.start)
                return
            self._alarm.works()
            if not peer:  # what some systems give of a connection that was reset meanwhile
                self._counters.count(Drop.CONNECTION_LOST)
                connection.close()
                continue
            task = self._loop.create_task(self._run(connection, peer[0]))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _run(self, connection: socket.socket, host: str) -> None:
        # The peer's address is the one that came with the connection: of one that was reset
        # meanwhile the kernel tells none any more.
        connection.setblocking(False)  # noqa: FBT003 - the function takes it so
        try:
            reader, writer = await asyncio.open_connection(sock=connection)
        except OSError:
            self._counters.count(Drop.CONNECTION_LOST)
            connection.close()
            return
        await self._converse(reader, writer, host)
