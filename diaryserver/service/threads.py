"""Where work that waits for a disk or burns a core goes, so that the event loop never stops.

Each port gets threads of its own: one for the entry store and one for the accounts (both promise
only to be called by one thread at a time), two for password hashing.
"""

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, ParamSpec, TypeVar

PASSWORD_NICENESS: Final = 10
"""A tenth of what the other threads get where all want the core: a login waits, diaries do not."""

PASSWORD_THREADS: Final = 2
"""One password costs 19 MiB and 40 ms of a core; two at once leave the rest to the diary."""

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


class Worker:
    """Runs functions on `threads` threads of its own, in the order they were handed over."""

    def __init__(self, name: str, threads: int = 1, niceness: int = 0) -> None:
        """`name` is what a debugger shows; `niceness` is added to the process's."""
        self._executor = ThreadPoolExecutor(
            threads, thread_name_prefix=name, initializer=_be_nicer, initargs=(niceness,)
        )

    async def run(
        self,
        function: Callable[_Arguments, _Result],
        *arguments: _Arguments.args,
        **keywords: _Arguments.kwargs,
    ) -> _Result:
        """Give what the function gives, or raise what it raises."""

        def call() -> _Result:
            return function(*arguments, **keywords)

        return await asyncio.get_running_loop().run_in_executor(self._executor, call)

    def wait_for(
        self,
        function: Callable[_Arguments, _Result],
        *arguments: _Arguments.args,
        **keywords: _Arguments.kwargs,
    ) -> _Result:
        """Do the same for a caller on another worker, which waits; never for the event loop."""
        return self._executor.submit(function, *arguments, **keywords).result()

    def close(self) -> None:
        """Wait for what was handed over."""
        self._executor.shutdown()


class Workers:
    """The server's threads, named by what they serve."""

    def __init__(self) -> None:
        """Start no thread yet; each starts with its first work."""
        self.entries = Worker("entries")
        self.accounts = Worker("accounts")
        self.passwords = Worker("passwords", PASSWORD_THREADS, PASSWORD_NICENESS)

    def close(self) -> None:
        """Wait for what was handed over, in the order in which one feeds the next."""
        for worker in (self.passwords, self.accounts, self.entries):
            worker.close()


def _be_nicer(niceness: int) -> None:
    # On Linux the priority belongs to the thread.
    thread = threading.get_native_id()
    if niceness:
        os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + niceness)


def call_here(
    function: Callable[_Arguments, _Result],
    *arguments: _Arguments.args,
    **keywords: _Arguments.kwargs,
) -> _Result:
    """Do what `Worker.wait_for` does for who has no threads: call the function."""
    return function(*arguments, **keywords)
