"""Serving: bind, open, listen until told to stop, finish what was received."""

import asyncio
import logging
import signal
import socket
from contextlib import ExitStack
from typing import Final

from diaryserver.admin.socket import AdminSocket
from diaryserver.clock import SystemClock
from diaryserver.composition import Data, build_operations, build_router, open_data
from diaryserver.configuration import Configuration, is_wildcard
from diaryserver.datalock import own_data
from diaryserver.net.datagrams import DatagramListener, bind_datagram_socket
from diaryserver.service.counters import Counters
from diaryserver.service.router import Router
from diaryserver.service.threads import Workers

HOUSEKEEPING_SECONDS: Final = 60.0
"""How often counters are reported and ended tokens erased; a line a minute is no log storm."""

FINISH_SECONDS: Final = 10.0
"""How long a stop waits for a disk; systemd's own patience is 90 s."""

logger = logging.getLogger(__name__)


def serve(configuration: Configuration) -> None:
    """Serve in the foreground until SIGINT or SIGTERM.

    Raise ListenError or DataError, having created nothing that was not there, if it cannot start.
    """
    with ExitStack() as stack:
        sockets = []
        for address in configuration.server.listen:
            bound = bind_datagram_socket(address, wildcard=is_wildcard(address))
            sockets.append(stack.enter_context(bound))
        stack.enter_context(own_data(configuration.data))
        data = stack.enter_context(open_data(configuration.data))
        asyncio.run(_Server(configuration, data, sockets).run())


class _Server:
    """A server between its start and its stop; built and used inside `asyncio.run`'s loop."""

    def __init__(
        self, configuration: Configuration, data: Data, sockets: list[socket.socket]
    ) -> None:
        self._configuration = configuration
        self._clock = SystemClock()
        self._data = data
        self._sockets = sockets
        self._counters = Counters()

    async def run(self) -> None:
        workers = Workers()
        router = build_router(self._data, self._clock, workers, self._counters)
        listeners = [
            DatagramListener(bound, router.receive, self._counters) for bound in self._sockets
        ]
        operations = build_operations(
            self._data, self._clock, self._configuration, workers, listeners[0].address
        )
        admin = AdminSocket(self._configuration.data, operations.run, workers.accounts)
        stopping = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        await admin.start()
        for listener in listeners:
            listener.start()
            logger.info("ready udp %s", listener.address)
        housekeeping = asyncio.create_task(self._keep_house(workers))
        await stopping.wait()
        housekeeping.cancel()
        await admin.close()
        await self._finish(router, listeners)
        workers.close()

    async def _finish(self, router: Router, listeners: list[DatagramListener]) -> None:
        for listener in listeners:
            listener.stop()
        try:
            async with asyncio.timeout(FINISH_SECONDS):
                await router.finish()
        except TimeoutError:
            logger.warning("stopped with requests unanswered: the disk did not finish in time")
        self._report()

    async def _keep_house(self, workers: Workers) -> None:
        accounts = self._data.accounts
        while True:
            await workers.accounts.run(accounts.sweep, self._clock.now())
            self._report()
            await asyncio.sleep(HOUSEKEEPING_SECONDS)

    def _report(self) -> None:
        if dropped := self._counters.report():
            logger.warning("dropped: %s", dropped)
