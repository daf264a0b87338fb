"""Turns at the store's thread, of a slice each: for all that looks into files.

Rules: a call of the store that is not done when its slice is over goes on in its party's next turn,
behind the others. The store is asked in between, so a slice is longer by one piece of its work at
most.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, ParamSpec, TypeVar

from diaryserver.service.ports.entries import EntryStore
from diaryserver.service.work.threads import Turn

SLICE_SECONDS: Final = 0.005
"""So long an append may have to wait for whoever looks: as long as for a sync of a slow disk."""

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Slices:
    """A party's turns; `monotonic` gives seconds."""

    turn: Turn
    entries: EntryStore
    monotonic: Callable[[], float]

    async def run(
        self,
        function: Callable[_Arguments, _Result],
        *arguments: _Arguments.args,
        **keywords: _Arguments.kwargs,
    ) -> _Result:
        """Give what one of the store's methods gives, or raise what it raises.

        It is called again as long as it raises UnfinishedError. Raise BusyError if the party has
        too much to do already.
        """
        return await self.turn.run(self._sliced, partial(function, *arguments, **keywords))

    def start(
        self,
        function: Callable[[], _Result],
        done: Callable[[_Result], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        """Do the same, and call `done` or `failed` on the running event loop at the end."""
        self.turn.start(partial(self._sliced, function), done, failed)

    def wait_for(
        self,
        function: Callable[_Arguments, _Result],
        *arguments: _Arguments.args,
        **keywords: _Arguments.kwargs,
    ) -> _Result:
        """Do it at once and as a whole, for a caller on another worker, which waits."""
        return self.turn.wait_for(function, *arguments, **keywords)

    def _sliced(self, call: Callable[[], _Result]) -> _Result:
        end = self.monotonic() + SLICE_SECONDS
        with self.entries.bounded(lambda: self.monotonic() < end):
            return call()
