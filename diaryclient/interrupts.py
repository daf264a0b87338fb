"""What is said when Ctrl-C ends a command before it could say anything itself.

Rules: what was typed is not lost. A text on the command line is printed back, wherever its entry
may be by then, and so is what has come through a pipe and was not read yet.
"""

import io
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from diaryclient.screen.display import format_quoted

_TAKES_TEXT: Final = ("write", "edit")
"""Commands whose words are, or hold, what somebody has written."""

_MOST_INPUT: Final = 1 << 20
"""Bytes that are printed back of a pipe; as many as are read of one."""


def told_of_interrupt(words: Sequence[str]) -> list[str]:
    """Give the lines to tell; `words` are those of the command line."""
    takes_text = [each for each in _TAKES_TEXT if each in words]
    typed = " ".join(words[list(words).index(takes_text[0]) + 1 :]) if takes_text else ""
    has_command = any(not each.startswith("-") for each in words)
    unread = _unread() if takes_text or not has_command else ""
    texts = [format_quoted(each) for each in (typed, unread) if each]
    if not texts:
        return ["diaryclient: interrupted"]
    where = "what was typed is printed above; diaryclient outbox list shows whether it waits"
    return [*texts, f"diaryclient: interrupted; {where}"]


def _unread() -> str:
    """Give what standard input holds that nobody has read, without waiting for more."""
    data = bytearray()
    buffered = None if sys.stdin is None else sys.stdin.buffer
    if not isinstance(buffered, io.BufferedReader) or buffered.isatty():
        return ""
    with suppress(OSError, ValueError):
        source = buffered.fileno()
        was_blocking = os.get_blocking(source)
        os.set_blocking(source, False)
        try:
            while len(data) < _MOST_INPUT and (more := buffered.read1(_MOST_INPUT)):
                data += more
        finally:
            os.set_blocking(source, was_blocking)
    return data.decode(errors="backslashreplace").removesuffix("\n")
