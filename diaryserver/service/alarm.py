"""An alarm: a fault that fails every request is said once in a while, not once a request.

Rules: the first failure is said at once; then, for ten seconds, failures are only counted, and
the next line tells how many there were; that it works again is said once, not before those ten
seconds are over, so that what fails and works by turns gives two lines in ten seconds at most.
"""

import logging
from collections.abc import Callable
from typing import Final

QUIET_SECONDS: Final = 10.0


class Alarm:
    """One kind of fault; used by one thread."""

    def __init__(
        self, logger: logging.Logger, recovery: str, monotonic: Callable[[], float]
    ) -> None:
        """`recovery` is what is said when it works again, `monotonic` gives seconds."""
        self._logger = logger
        self._recovery = recovery
        self._monotonic = monotonic
        self._quiet_until = 0.0
        self._unsaid = 0
        self._is_failing = False

    def failed(self, what: str, *, trace: bool | BaseException = False) -> None:
        """Say what failed; `trace`: with a traceback, of the exception being handled or of this."""
        now = self._monotonic()
        if self._is_failing and now < self._quiet_until:
            self._unsaid += 1
            return
        more = f" (and {self._unsaid} more failures since this was last said)"
        self._logger.error("%s%s", what, more if self._unsaid else "", exc_info=trace)
        self._is_failing = True
        self._unsaid = 0
        self._quiet_until = now + QUIET_SECONDS

    def works(self) -> None:
        """Be told of a success; costs nothing unless something failed before."""
        if self._is_failing and self._monotonic() >= self._quiet_until:
            self._is_failing = False
            self._logger.warning("%s", self._recovery)
