r"""What a typed line means.

Rules: `-r` and `-c`, alone and in either case, are commands; everything else that is not blank is
an entry. At a prompt a line that ends in a backslash goes on in the next; a backslash that is to
stand at a line's end is typed twice, as in a shell, so that every text can be typed.
"""

from enum import Enum, auto
from typing import Final


class Meaning(Enum):
    """What is to be done with a line."""

    NOTHING = auto()
    SHOW = auto()
    CLEAR = auto()
    WRITE = auto()


_COMMANDS: Final = {"-r": Meaning.SHOW, "-c": Meaning.CLEAR}


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
