"""A person at a pseudo-terminal: types, waits for what appears, and looks at the screen."""

import os
import signal
import sys
import time
import unicodedata
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Final

import pexpect
import pyte

from tests.programs import Home

_PROGRAM: Final = Path(sys.executable).parent / "diaryclient"
_ROWS: Final = 24
_PATIENCE_SECONDS: Final = 45
"""The diary itself asks a server that was away again after 15 s at the latest."""

_LOOKS: Final = 500
"""At whether a program waits, each a hundredth of a second after the last."""


class _Recorder:
    """Where pexpect copies what the program writes: every character, and what a screen shows."""

    def __init__(self, columns: int) -> None:
        self.written: list[str] = []
        self.screen = pyte.HistoryScreen(columns, _ROWS, history=1000)
        self._stream = pyte.Stream(self.screen)

    def write(self, text: str) -> None:
        self.written.append(text)
        self._stream.feed(text)

    def flush(self) -> None:
        """Nothing is held back."""


class Terminal:
    """`diaryclient` with its words, at a terminal of 24 rows."""

    def __init__(self, home: Home, *words: str, columns: int = 80, **variables: str) -> None:
        """Start it in a person's home."""
        self._recorder = _Recorder(columns)
        self._child = pexpect.spawn(
            str(_PROGRAM),
            list(words),
            env=_without_size(os.environ) | home.env | {"TERM": "xterm-256color"} | variables,
            encoding="utf-8",
            timeout=_PATIENCE_SECONDS,
            dimensions=(_ROWS, columns),
            # A test run in the background ignores SIGINT, and its children would inherit that.
            preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
        )
        self._child.logfile_read = self._recorder

    @property
    def output(self) -> str:
        """Every character so far, with the sequences that move the cursor."""
        return "".join(self._recorder.written)

    @property
    def rows(self) -> list[str]:
        """The rows of the screen as a person sees them, those that have scrolled off included."""
        screen = self._recorder.screen
        above = [
            _joined([row[x].data for x in range(screen.columns)]) for row in screen.history.top
        ]
        return [*above, *(_joined(list(row)) for row in screen.display)]

    def type(self, line: str) -> None:
        """Type a line and Enter."""
        self._child.send(f"{line}\r")

    def press(self, keys: str) -> None:
        """Type keys without Enter."""
        self._child.send(keys)

    def press_bytes(self, keys: bytes) -> None:
        """Type keys of another encoding."""
        os.write(self._child.child_fd, keys)

    def interrupt(self) -> None:
        """Press Ctrl-C, once the program waits for something."""
        interrupt(self._child)

    def sees(self, text: str) -> None:
        """Wait until a text has appeared."""
        self._child.expect_exact(text)

    def sees_match(self, pattern: str) -> str:
        """Wait until something that matches has appeared, and give its first group."""
        self._child.expect(pattern)
        return str(self._child.match.group(1))

    def leave(self) -> int:
        """Press Ctrl-D, wait for the end, and give the exit status."""
        self._child.sendeof()
        return self.wait()

    def wait(self) -> int:
        """Wait for the end, and give the exit status."""
        self._child.expect(pexpect.EOF)
        self.close()
        return int(self._child.exitstatus)

    def close(self) -> None:
        """End it, if it runs still."""
        self._child.close(force=True)


def interrupt(child: pexpect.spawn) -> None:
    """Press Ctrl-C once a program waits for something, or after a few seconds.

    A signal between the writing of a question and the reading of its answer is noted by Python, and
    heeded with the next key. People are never so quick; a test on a busy machine is.
    """
    for _ in range(_LOOKS):
        if _is_waiting(child.pid):
            break
        time.sleep(0.01)
    child.sendintr()


def _is_waiting(pid: int) -> bool:
    _, _, fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")
    return fields.split()[0] == "S"


def _without_size(environment: Mapping[str, str]) -> dict[str, str]:
    # The tests' own terminal has another, which xdist tells its workers.
    return {key: value for key, value in environment.items() if key not in {"COLUMNS", "LINES"}}


def _joined(cells: list[str]) -> str:
    # A wide character takes two cells, of which the second is empty.
    return unicodedata.normalize("NFC", "".join(cells)).rstrip()
