r"""What a typed line means.

Rules: `-r` and `-c`, alone and in either case, are commands; everything else that is not blank is
an entry. At a prompt a line that ends in a backslash goes on in the next; a backslash that is to
stand at a line's end is typed twice, as in a shell, so that every text can be typed. Somebody who
types only `help` or `quit` means the program rather than the diary, and is asked; so is who begins
with an option.
"""

import re
from enum import Enum, auto
from typing import Final


class Meaning(Enum):
    """What is to be done with a line."""

    NOTHING = auto()
    SHOW = auto()
    CLEAR = auto()
    WRITE = auto()


_COMMANDS: Final = {"-r": Meaning.SHOW, "-c": Meaning.CLEAR}

_MEANT_FOR_HELP: Final = frozenset(
    {"help", "?", "h", "man", "usage", "commands", ":h", ":help", "/help", "\\?"}
)
_MEANT_TO_LEAVE: Final = frozenset(
    {
        "quit",
        "exit",
        "q",
        "x",
        "bye",
        "logout",
        "stop",
        "end",
        ":q",
        ":q!",
        ":x",
        ":wq",
        ":quit",
        "/quit",
        "/exit",
        "\\q",
    }
)
_MEANT_TO_READ: Final = frozenset(
    {"ls", "ll", "dir", "list", "read", "show", "cat", "log", "clear", "undo", "today"}
)
_OPTION: Final = re.compile(r"--?[A-Za-z][\w-]*(\s|=|$)|-[A-Za-z0-9]$|diaryclient(\s|$)")


def doubt(line: str) -> str:
    """Say what a finished line may have meant instead of an entry; empty if it surely is one.

    It is for people at a terminal: what comes through a pipe is taken as it is.
    """
    word = line.strip().lower()
    if word in _MEANT_FOR_HELP | _MEANT_TO_READ:
        return "-r shows today, -c clears it, Ctrl-D leaves"
    if word in _MEANT_TO_LEAVE:
        return "Ctrl-D leaves"
    if _OPTION.match(word):
        return "only -r and -c are commands here; Ctrl-D leaves"
    return ""


def meaning(line: str) -> Meaning:
    """Tell what a finished line asks for."""
    if not line.strip():
        return Meaning.NOTHING
    return _COMMANDS.get(line.lower(), Meaning.WRITE)


def end_line(text: str) -> tuple[str, bool]:
    r"""Give the text as it stands after Enter at its end, and whether it is finished.

    `a\` becomes `a` and a newline, unfinished; `a\\` becomes `a\`, finished.
    """
    bare = text.rstrip("\\")
    typed = len(text) - len(bare)
    kept = bare + "\\" * (typed // 2)
    return (kept, True) if typed % 2 == 0 else (f"{kept}\n", False)
