"""Serving: bind, open, listen until told to stop, finish what was received."""

import asyncio
import gc
import logging
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

from diaryserver.admin.socket import AdminSocket
from diaryserver.allocator import give_back, use_one_heap
from diaryserver.announcing.steps import Announce, announcer
from diaryserver.clock import SystemClock
from diaryserver.composition import Runtime, Service, build_operations, build_service
from diaryserver.configuration import Configuration
from diaryserver.datalock import own_data
from diaryserver.engine import Data, open_data
from diaryserver.maintenance.pastmonths import PastMonths
from diaryserver.net.conversations import LineListener
from diaryserver.net.datagrams import DatagramListener
from diaryserver.net.sockets import Bound, bind
from diaryserver.service.alarm import Alarm
from diaryserver.service.counters import Counters
from diaryserver.service.work.threads import Workers
from protocol.errors import StorageError

HOUSEKEEPING_SECONDS: Final = 30.0
"""How often day files are made durable, counters reported, ended tokens erased, uses kept, and what
memory is free given back."""

FINISH_SECONDS: Final = 6.0
"""How long a stop waits for a disk: as long as a client for its answer, who then asks again."""

LAST_RESORT_SECONDS: Final = 9
"""Then SIGALRM ends the process: a thread that waits for a dead disk cannot be joined."""

COLLECT_AFTER: Final = 20_000
"""New objects until the collector looks at them, 700 by default: a batch of requests makes some ten
thousand, nearly all freed without it; cycles hold a few MiB more meanwhile."""

logger = logging.getLogger(__name__)


def serve(configuration: Configuration) -> None:
    """Serve in the foreground until SIGINT or SIGTERM.

    Raise ListenError or DataError, having created nothing that was not there, if it cannot start.
    """
    use_one_heap()
    server, legacy = configuration.server, configuration.legacy
    announce = announcer(os.environ)
    with ExitStack() as stack:
        stack.enter_context(_hangups_ignored())
        bound = bind(server.listen, stack, lines=legacy.enabled and legacy.tcp)
        stack.enter_context(own_data(configuration.data))
        limits = configuration.quota.limits()
        data = stack.enter_context(open_data(configuration.data, announce, limits))
        asyncio.run(_Server(configuration, data, bound, announce).run())


class _Server:
    """A server between its start and its stop; built and used inside `asyncio.run`'s loop."""

    def __init__(
        self,
        configuration: Configuration,
        data: Data,
        bound: list[Bound],
        announce: Announce | None,
    ) -> None:
        self._configuration = configuration
        self._data = data
        self._bound = bound
        self._counters = Counters()
        self._runtime = Runtime(
            SystemClock(), Workers(SystemClock().monotonic), self._counters, announce
        )

    async def run(self) -> None:
        configuration, runtime = self._configuration, self._runtime
        operating = build_operations(self._data, configuration, runtime, self._bound[0].address)
        if configuration.legacy.enabled:
            operating.users.ensure(configuration.legacy.users())
        ports = {bound.address.port for bound in self._bound}
        service = build_service(self._data, runtime, configuration.legacy, ports)
        admin = AdminSocket(configuration.data, operating.operations.run, runtime.workers.accounts)
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stopping.set)
        loop.add_signal_handler(signal.SIGHUP, _say_that_nothing_is_reloaded)
        await admin.start()
        datagrams, lines = self._listen(service)
        _spare_the_collector()
        logger.info("ready %s", " ".join(map(str, self._bound)))
        months = configuration.storage.compress_after_months
        compressor = self._data.day_files.compressor
        past = PastMonths(compressor, runtime.workers, runtime.clock, months)
        tasks = [asyncio.create_task(each) for each in (self._keep_house(), past.run())]
        await stopping.wait()
        signal.alarm(LAST_RESORT_SECONDS)
        for task in tasks:
            task.cancel()
        await admin.close()
        await self._finish(service, datagrams, lines)
        await self._keep_uses()
        runtime.workers.close()

    def _listen(self, service: Service) -> tuple[list[DatagramListener], list[LineListener]]:
        router, counters = service.router, self._counters
        datagrams = [DatagramListener(each, router, counters) for each in self._bound]
        lines = [
            LineListener(each.lines, service.plain, counters)
            for each in self._bound
            if each.lines is not None and service.plain is not None
        ]
        for listener in datagrams:
            listener.start()
            service.known.watch(listener.prefer)
        for conversations in lines:
            conversations.start()
        return datagrams, lines

    async def _finish(
        self, service: Service, datagrams: list[DatagramListener], lines: list[LineListener]
    ) -> None:
        for listener in datagrams:
            listener.stop()
        try:
            async with asyncio.timeout(FINISH_SECONDS):
                for conversations in lines:
                    await conversations.finish()
                await service.router.finish()
        except TimeoutError:
            logger.warning("stopped with requests unanswered: the disk did not finish in time")
        self._report()

    async def _keep_house(self) -> None:
        """Do what is to be done now and then, for as long as the server runs, whatever fails."""
        workers, data = self._runtime.workers, self._data
        works = Alarm(logger, "housekeeping works again", self._runtime.clock.monotonic)
        while True:
            try:
                await self._sweep()
                await self._keep_uses()
                await self._note_ledger()
                await workers.entries.run(data.entries.checkpoint)
                await workers.entries.run(give_back)
                works.works()
            except Exception:  # noqa: BLE001 - said by the alarm; the next round tries again
                works.failed("housekeeping failed", trace=True)
            self._report()
            await asyncio.sleep(HOUSEKEEPING_SECONDS)

    async def _sweep(self) -> None:
        now = self._runtime.clock.now()
        try:
            await self._runtime.workers.accounts.run(self._data.accounts.sweep, now)
        except StorageError as error:
            logger.error("old tokens could not be erased: %s", error)  # noqa: TRY400 - one line

    async def _keep_uses(self) -> None:
        try:
            await self._runtime.workers.accounts.run(self._data.accounts.keep_uses)
        except StorageError as error:
            logger.error("tokens' last uses could not be kept: %s", error)  # noqa: TRY400 - one line

    async def _note_ledger(self) -> None:
        workers, data = self._runtime.workers, self._data
        try:
            stamp = await workers.entries.run(data.ledger.seen)
            if stamp is not None:
                await workers.accounts.run(data.ledger.keep, stamp)
        except (OSError, StorageError) as error:
            logger.error("the accounts do not follow the ledger: %s", error)  # noqa: TRY400 - one line

    def _report(self) -> None:
        if dropped := self._counters.report():
            logger.warning("dropped: %s", dropped)


@contextmanager
def _hangups_ignored() -> Iterator[None]:
    """Survive SIGHUP during a long start, too: many a tool sends it for a reload."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


def _say_that_nothing_is_reloaded() -> None:
    logger.warning("SIGHUP reloads nothing: restart the server to use a changed configuration")


def _spare_the_collector() -> None:
    """Exempt what the start built, modules and tokens, from every later look for cycles."""
    gc.collect()
    gc.freeze()
    give_back()
    gc.set_threshold(COLLECT_AFTER)
