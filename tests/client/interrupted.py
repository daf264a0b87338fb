"""Runs the client and presses Ctrl-C at one moment: `... interrupted MOMENT COUNT WORD...`.

MOMENT is a number of lines of Python, those of imports included, from the first line of
`diaryclient.process.run` on; COUNT is a file that gets how many there were.
"""

import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from diaryclient.process import run


class Clockwork:
    """Counts lines, and presses Ctrl-C once."""

    def __init__(self, moment: int) -> None:
        self.lines = 0
        self._moment = moment

    def trace(self, frame: FrameType, event: str, arg: Any) -> Any:  # noqa: ANN401 - as Python's
        """Take an event of `sys.settrace`."""
        del frame, arg
        if event == "line":
            self.lines += 1
            if self.lines == self._moment:
                signal.raise_signal(signal.SIGINT)
        return self.trace


def main() -> None:
    """Become the client."""
    moment, count, *words = sys.argv[1:]
    clockwork = Clockwork(int(moment))
    end = os._exit

    def counted_end(status: int) -> None:
        sys.settrace(None)
        Path(count).write_text(str(clockwork.lines))
        end(status)

    os._exit = counted_end  # type: ignore[assignment]
    sys.argv = ["diaryclient", *words]
    # A test run in the background ignores SIGINT, and its children inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.settrace(clockwork.trace)
    run()


if __name__ == "__main__":
    main()
