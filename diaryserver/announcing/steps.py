"""The steps between receiving a request and being done with it, announced as they are passed.

With `DIARY_DEBUG_DIE_AT=<step>[:n]` in the environment the process kills itself the n-th time it
passes that step, as a power cut or the kernel would, so that a test can look at what every single
moment leaves behind. Else nothing is announced, and nothing of this is in the way of a request.
"""

import logging
import os
import signal
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final, TypeAlias

from diaryserver.errors import ConfigurationError

DIE_AT_VARIABLE: Final = "DIARY_DEBUG_DIE_AT"

logger = logging.getLogger(__name__)


class Step(StrEnum):
    """What has just been done."""

    RECEIVED = "received"
    AUTHENTICATED = "authenticated"
    JOURNAL_CREATED = "journal-created"
    JOURNAL_WRITTEN = "journal-written"
    JOURNAL_SYNCED = "journal-synced"
    DAY_CREATED = "day-created"
    DAY_WRITTEN = "day-written"
    DAY_RENAMED = "day-renamed"
    CLEAR_SYNCED = "clear-synced"
    CHECKPOINT_SYNCED = "checkpoint-synced"
    JOURNAL_DROPPED = "journal-dropped"
    REPLY_SEALED = "reply-sealed"
    REPLY_SENT = "reply-sent"
    TOKEN_KEPT = "token-kept"  # noqa: S105 - a step's name, no secret


Announce: TypeAlias = Callable[[Step], None]


def announcer(environment: Mapping[str, str]) -> Announce | None:
    """Give what to announce steps to, None if nobody listens.

    Raise ConfigurationError for a step that there is not.
    """
    wanted = environment.get(DIE_AT_VARIABLE)
    if not wanted:
        return None
    name, _, number = wanted.partition(":")
    try:
        end = _End(Step(name), _count(number or "1"))
    except ValueError:
        steps = " ".join(Step)
        raise ConfigurationError(
            f"{DIE_AT_VARIABLE}={wanted}: write a step and a count, as in reply-sent:2; "
            f"the steps: {steps}"
        ) from None
    logger.warning("this server kills itself, as %s says: %s", DIE_AT_VARIABLE, wanted)
    return end


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError("a step is passed once at least")
    return number


class _End:
    """Ends the process the n-th time one step is passed; each step is passed by one thread."""

    def __init__(self, step: Step, number: int) -> None:
        self._step = step
        self._left = number

    def __call__(self, step: Step) -> None:
        if step is self._step:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
