"""Where work that waits for a disk or burns a core goes, so that the event loop never stops.

Long, since workers, turns and shares are one scheduler.

Each port gets threads of its own: one for the entry store and one for the accounts (both promise
only to be called by one thread at a time), two for password hashing. One more does what nobody
waits for.
"""

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import Final, ParamSpec, TypeVar

from diaryserver.service.ports.entries import UnfinishedError
from diaryserver.service.work.turns import URGENT, Turns, Work
from protocol.errors import BusyError

PASSWORD_NICENESS: Final = 15
"""A thirtieth of what the other threads get where all want the core: then a login takes a second or
two, and diaries do not wait."""

BACKGROUND_NICENESS: Final = 19
"""As much as Linux knows: a seventieth of what the other threads get where all want the core."""

PASSWORD_THREADS: Final = 2
"""One password costs 19 MiB and 40 ms of a core; two at once leave the rest to the diary."""

MAX_TURNS: Final = 4096
"""Of one call: 20 s of nothing but full slices, which is three times what a client waits."""

_WORK: Final = "work"
_END: Final = "end"
"""What a thread hears: that there is something to take, or that nothing comes any more."""

_AT_ONCE: Final = 1e-6
_NEVER_RESTING: Final = float("inf")

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


class Worker:
    """Runs functions on `threads` threads of its own, in the order they were handed over.

    What is handed over for a party (`of`) comes behind that, in turns with other parties.

    A `ThreadPoolExecutor` below `run_in_executor` does the same with two futures and four locks
    for each function, which took longer than to format an entry: docs/decisions/0007.
    """

    def __init__(
        self,
        name: str,
        threads: int = 1,
        niceness: int = 0,
        monotonic: Callable[[], float] | None = None,
    ) -> None:
        """`name` is what a debugger shows; `niceness` is added to the process's.

        Without `monotonic`, which gives seconds, no time passes and no party rests.
        """
        self._monotonic = monotonic or _at_rest
        self._turns = Turns()
        self._tickets: SimpleQueue[str] = SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work, args=(niceness,), name=name, daemon=True)
            for _ in range(threads)
        ]
        self._is_started = False

    def start(
        self,
        function: Callable[[], _Result],
        done: Callable[[_Result], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        """Call `done` or `failed` on the running event loop when the function has ended."""
        self._put(partial(_report, function, asyncio.get_running_loop(), done, failed))

    async def run(
        self,
        function: Callable[_Arguments, _Result],
        *arguments: _Arguments.args,
        **keywords: _Arguments.kwargs,
    ) -> _Result:
        """Give what the function gives, or raise what it raises."""
        return await self.run_for(URGENT, partial(function, *arguments, **keywords))

    def of(self, party: str) -> "Turn":
        """Give what runs functions of this party when it is its turn."""
        return Turn(self, party)

    def has_room(self, party: str) -> bool:
        """Tell whether one more call of this party's may wait for its turn."""
        return self._turns.has_room(party)

    async def run_for(self, party: str, call: Callable[[], _Result]) -> _Result:
        """Give what the call gives in this party's turn; raise BusyError, or what it raises."""
        ended: asyncio.Future[_Result] = asyncio.get_running_loop().create_future()
        self.start_for(party, call, partial(_give, ended), partial(_raise, ended))
        return await ended

    def start_for(
        self,
        party: str,
        call: Callable[[], _Result],
        done: Callable[[_Result], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        """As `start`, in this party's turns; raise BusyError, taking nothing.

        What raises UnfinishedError is called again in the next turn.
        """
        report = partial(_report, call, asyncio.get_running_loop(), done, failed)
        if party == URGENT:
            self._put(report)
        else:
            self._put(partial(self._have_turn, party, report, 1), party)

    def wait_for(
        self,
        function: Callable[_Arguments, _Result],
        *arguments: _Arguments.args,
        **keywords: _Arguments.kwargs,
    ) -> _Result:
        """Do the same for a caller on another worker, which waits; never for the event loop."""
        ended: Future[_Result] = Future()
        self._put(partial(_settle, ended, partial(function, *arguments, **keywords)))
        return ended.result()

    def close(self) -> None:
        """Wait for what was handed over."""
        if self._is_started:
            for _ in self._threads:
                self._tickets.put(_END)
            for thread in self._threads:
                thread.join()

    def _put(self, work: Work, party: str = URGENT) -> None:
        self._turns.put(work, party)
        if not self._is_started:
            self._is_started = True
            for thread in self._threads:
                thread.start()
        self._tickets.put(_WORK)

    def _have_turn(self, party: str, report: Callable[[bool], None], turns: int) -> bool:
        """Let a party's work go on; tell whether it must be given another turn."""
        try:
            report(turns < MAX_TURNS)
        except UnfinishedError:
            self._turns.put_back(partial(self._have_turn, party, report, turns + 1), party)
            return True
        return False

    def _work(self, niceness: int) -> None:
        _be_nicer(niceness)
        waiting, is_ending = 0, False
        while waiting or not is_ending:
            ticket = self._next_ticket(waiting)
            waiting += ticket == _WORK
            is_ending = is_ending or ticket == _END
            if waiting and self._do_one(is_ending=is_ending):
                waiting -= 1

    def _next_ticket(self, waiting: int) -> str:
        """Wait for a ticket; if some work waits already, no longer than its party has to rest."""
        if not waiting:
            return self._tickets.get()
        try:
            return self._tickets.get(timeout=self._turns.rest(self._monotonic()) or _AT_ONCE)
        except Empty:
            return ""

    def _do_one(self, *, is_ending: bool) -> bool:
        """Do what comes next; tell whether there was something and all of it is done."""
        began = self._monotonic()
        try:
            work, is_urgent = self._turns.take(_NEVER_RESTING if is_ending else began)
        except IndexError:
            return False
        is_left = work()
        if not is_urgent:
            self._turns.worked(began, self._monotonic())
        return not is_left


class Turn:
    """A worker for one party, which waits for its turn."""

    __slots__ = ("_party", "_worker")

    def __init__(self, worker: Worker, party: str) -> None:
        """As `Worker.of` gives it."""
        self._worker = worker
        self._party = party

    async def run(
        self,
        function: Callable[_Arguments, _Result],
        *arguments: _Arguments.args,
        **keywords: _Arguments.kwargs,
    ) -> _Result:
        """Give what the function gives, or raise what it raises.

        Raise BusyError if the party has too much to do already.
        """
        return await self._worker.run_for(self._party, partial(function, *arguments, **keywords))

    def wait_for(
        self,
        function: Callable[_Arguments, _Result],
        *arguments: _Arguments.args,
        **keywords: _Arguments.kwargs,
    ) -> _Result:
        """Do the same at once, for a caller on another worker, which waits."""
        return self._worker.wait_for(function, *arguments, **keywords)

    def start(
        self,
        function: Callable[[], _Result],
        done: Callable[[_Result], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        """As `Worker.start_for`."""
        self._worker.start_for(self._party, function, done, failed)


class Workers:
    """The server's threads, named by what they serve."""

    def __init__(self, monotonic: Callable[[], float] | None = None) -> None:
        """Start no thread yet; each starts with its first work. `monotonic` gives seconds."""
        self.entries = Worker("entries", monotonic=monotonic)
        self.accounts = Worker("accounts")
        self.background = Worker("background", niceness=BACKGROUND_NICENESS)
        self.passwords = Worker("passwords", PASSWORD_THREADS, PASSWORD_NICENESS)

    def close(self) -> None:
        """Wait for what was handed over, in the order in which one feeds the next."""
        for worker in (self.background, self.passwords, self.accounts, self.entries):
            worker.close()


def _at_rest() -> float:
    return 0.0


def _report(
    function: Callable[[], _Result],
    loop: asyncio.AbstractEventLoop,
    done: Callable[[_Result], None],
    failed: Callable[[BaseException], None],
    may_go_on: bool = False,  # noqa: FBT001, FBT002 - called with what `partial` leaves open
) -> None:
    """Call the function and tell what came of it; if it `may_go_on`, raise UnfinishedError."""
    try:
        result = function()
    except UnfinishedError as error:
        if may_go_on:
            raise
        _call_on(loop, partial(failed, BusyError(*error.args)))
    except BaseException as error:  # noqa: BLE001 - it is the caller's
        _call_on(loop, partial(failed, error))
    else:
        _call_on(loop, partial(done, result))


def _call_on(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    # A loop that has ended has nobody who waits.
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(call)


def _give(ended: asyncio.Future[_Result], result: _Result) -> None:
    if not ended.done():
        ended.set_result(result)


def _raise(ended: asyncio.Future[_Result], error: BaseException) -> None:
    if not ended.done():
        ended.set_exception(error)


def _settle(ended: Future[_Result], function: Callable[[], _Result]) -> None:
    try:
        ended.set_result(function())
    except BaseException as error:  # noqa: BLE001 - it is the caller's
        ended.set_exception(error)


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
