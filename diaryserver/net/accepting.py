"""Accepting connections, also while the process has no descriptor left for one.

asyncio's own server says that with a traceback for every try, some thousand a second (Python 3.11).
Here it is an alarm: one line, and a pause before the next try; who connects meanwhile waits in the
kernel's queue.
"""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from diaryserver.service.alarm import Alarm

PAUSE_SECONDS: Final = 1.0
MAX_ACCEPTS: Final = 64
"""In one wake-up, so that datagrams get their turn in a flood of connections."""

Converse: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
logger = logging.getLogger(__name__)


class Acceptor:
    """Hands each connection on one listening socket to `converse`, in a task of its own."""

    def __init__(self, bound: socket.socket, converse: Converse) -> None:
        """Take over `bound`, which is non-blocking; nothing is accepted before `start`."""
        self._socket = bound
        self._converse = converse
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
                connection, _ = self._socket.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError as error:
                self._alarm.failed(f"no connection can be accepted: {error.strerror}")
                self._loop.remove_reader(self._socket)
                self._resuming = self._loop.call_later(PAUSE_SECONDS, self.start)
                return
            self._alarm.works()
            task = self._loop.create_task(self._run(connection))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _run(self, connection: socket.socket) -> None:
        connection.setblocking(False)  # noqa: FBT003 - the function takes it so
        await self._converse(*await asyncio.open_connection(sock=connection))
