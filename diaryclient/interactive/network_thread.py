"""The thread in which an interactive diary waits for its server.

Rules: jobs are done one after the other, in the order in which they were given; only one thread
ever touches the sockets. The thread is a daemon: whoever leaves does not wait for a server.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from typing import TypeVar

_Result = TypeVar("_Result")


class NetworkThread:
    """Does jobs for the coroutines of one event loop."""

    def __init__(self) -> None:
        """Start the thread."""
        self._jobs: SimpleQueue[Callable[[], None]] = SimpleQueue()
        threading.Thread(target=self._work, name="network", daemon=True).start()

    def run(self, job: Callable[[], _Result]) -> asyncio.Future[_Result]:
        """Give the outcome of a job, in the event loop that runs now."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[_Result] = loop.create_future()

        def do() -> None:
            settle: Callable[[], None]
            try:
                settle = partial(future.set_result, job())
            except Exception as error:  # noqa: BLE001 - whoever awaits the future gets it
                settle = partial(future.set_exception, error)
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(_unless_over, future, settle)

        self._jobs.put(do)
        return future

    def _work(self) -> None:
        while True:
            self._jobs.get()()


def _unless_over(future: asyncio.Future[_Result], settle: Callable[[], None]) -> None:
    if not future.done():
        settle()
