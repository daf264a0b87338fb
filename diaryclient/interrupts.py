"""What is said when Ctrl-C ends a command before it could say anything itself.

Rules: what was typed is not lost: a text on the command line is printed back, wherever its entry
may be by then.
"""

from collections.abc import Sequence
from typing import Final

from diaryclient.display import format_quoted

_TAKES_TEXT: Final = ("write", "edit")
"""Commands whose words are, or hold, what somebody has written."""


def told_of_interrupt(words: Sequence[str]) -> list[str]:
    """Give the lines to tell; `words` are those of the command line."""
    text = _typed(words)
    if not text:
        return ["diaryclient: interrupted"]
    where = "what was typed is printed above; diaryclient outbox list shows whether it waits"
    return [format_quoted(text), f"diaryclient: interrupted; {where}"]


def _typed(words: Sequence[str]) -> str:
    for each in _TAKES_TEXT:
        if each in words:
            return " ".join(words[list(words).index(each) + 1 :])
    return ""
