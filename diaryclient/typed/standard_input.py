"""The text that `diaryclient write` takes from standard input, a pipe or a terminal without editor.

Rules: what was read before Ctrl-C stays in a draft, since neither a pipe nor a finger gives it
again; of a terminal the line counts too that Enter has not ended. Ctrl-C is noticed between two
reads only: an exception in the middle of one would lose what it has brought. Bounded: four
times the longest entry, and it all goes into the outbox.
"""

import os
import signal
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from select import select
from typing import Final

import click

from diaryclient.errors import InterruptedReadingError, TextTooLongError
from diaryclient.files.disks import reason_of
from diaryclient.screen.display import format_quoted
from diaryclient.typed.editor import keep_draft
from protocol.errors import UsageError
from protocol.incoming import incoming_text
from protocol.messages.writing import MAX_LONG_TEXT_BYTES

_MOST_INPUT: Final = 1 << 20
_CHUNK: Final = 1 << 16

_LOCAL_MODES: Final = 3
_CHARACTERS: Final = 6
"""Places in what `termios.tcgetattr` gives."""


@contextmanager
def keeping_input(data: bytearray, drafts: Path) -> Iterator[None]:
    """Keep what was read in a draft if a Ctrl-C comes where nothing else keeps it."""
    try:
        yield
    except KeyboardInterrupt:
        if not data:
            raise  # the pipe may hold a text: `diaryclient.interrupts` prints it back
        raise _interrupted(
            bytes(data), drafts, "diaryclient outbox list shows whether it waits as well"
        ) from None


def read_text(drafts: Path, data: bytearray | None = None) -> str:
    """Give the text on standard input, to its end; `data` gets its bytes too.

    Raise InterruptedReadingError after Ctrl-C, which names the draft below `drafts`; UsageError if
    it is not UTF-8, or TextTooLongError.
    """
    if sys.stdin is None:
        return ""
    data = bytearray() if data is None else data
    source = sys.stdin.fileno()
    with _noticed_interrupts() as interrupts:
        if sys.stdin.isatty():
            with _unflushed(source):
                click.echo("Type the entry, then Ctrl-D.", err=True)
                is_whole = fill(data, source, interrupts)
                if not is_whole:
                    _end_line(source)
                    _drain(data, source)
        else:
            is_whole = fill(data, source, interrupts)
    if not is_whole:
        raise _interrupted(bytes(data), drafts)
    return _decode(bytes(data))


def fill(data: bytearray, source: int, interrupts: int) -> bool:
    """Read a descriptor to its end, and tell whether that came before `interrupts` had a byte.

    If not, `data` has everything all the same that had come by then. It ends with one byte too much
    at the latest.
    """
    while len(data) <= _MOST_INPUT:
        ready, _, _ = select([source, interrupts], [], [])
        if interrupts in ready:
            _drain(data, source)
            return False
        chunk = os.read(source, _CHUNK)
        if not chunk:
            break
        data += chunk
    return True


def _drain(data: bytearray, source: int) -> None:
    while len(data) <= _MOST_INPUT and select([source], [], [], 0)[0]:
        chunk = os.read(source, _CHUNK)
        if not chunk:
            break
        data += chunk


@contextmanager
def _noticed_interrupts() -> Iterator[int]:
    """Give a descriptor that has a byte after Ctrl-C, which raises nothing meanwhile."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    is_ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    before = None if is_ignored else signal.signal(signal.SIGINT, lambda *_: None)
    woken = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    try:
        yield reading
    finally:
        signal.set_wakeup_fd(woken)
        if before is not None:
            signal.signal(signal.SIGINT, before)
        os.close(reading)
        os.close(writing)


@contextmanager
def _unflushed(terminal: int) -> Iterator[None]:
    """Let the terminal keep what was typed on its line when Ctrl-C is pressed."""
    before = termios.tcgetattr(terminal)
    changed = termios.tcgetattr(terminal)
    changed[_LOCAL_MODES] |= termios.NOFLSH
    termios.tcsetattr(terminal, termios.TCSANOW, changed)
    try:
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSANOW, before)


def _end_line(terminal: int) -> None:
    """Let what was typed be read that is no whole line yet."""
    mode = termios.tcgetattr(terminal)
    mode[_LOCAL_MODES] &= ~termios.ICANON
    mode[_CHARACTERS][termios.VMIN] = mode[_CHARACTERS][termios.VTIME] = 0
    termios.tcsetattr(terminal, termios.TCSANOW, mode)


def _interrupted(
    data: bytes, drafts: Path, known: str = "nothing was written"
) -> InterruptedReadingError:
    if not data.strip():
        return InterruptedReadingError("interrupted; there was no text yet; nothing was written")
    try:
        path = keep_draft(drafts, data)
    except OSError as error:
        click.echo(format_quoted(data.decode(errors="backslashreplace")), err=True)
        return InterruptedReadingError(
            f"interrupted; NOTHING WAS KEPT: {reason_of(error, drafts)}; the text is printed above"
        )
    return InterruptedReadingError(f"interrupted; {known}; the text stays in {path}")


def _decode(data: bytes) -> str:
    if len(data) > _MOST_INPUT:
        raise TextTooLongError(
            f"standard input has more than {_MOST_INPUT} bytes, an entry at most "
            f"{MAX_LONG_TEXT_BYTES}; nothing was saved; {TextTooLongError.way_out}"
        )
    try:
        return incoming_text(data.decode())
    except UnicodeDecodeError:
        raise UsageError("standard input is not valid UTF-8; nothing was saved") from None
