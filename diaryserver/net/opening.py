"""How a conversation opens: its first line decides whether it is one of plain text at all.

Pure. Rules: empty lines decide nothing; the line is looked at as it grows, so that what is foreign
is known with its first bytes; one that is too long is nobody's; once decided, always.
"""

from diaryserver.service.plain.foreign import is_foreign


class Opening:
    """Follows one conversation until its first line that is not empty is whole."""

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self._is_decided = False

    def is_foreign(self, lines: list[bytes | None], unfinished: bytes | None) -> bool:
        """Tell whether to close, by the lines that came last and what there is of the next.

        None stands for a line that is too long.
        """
        if self._is_decided:
            return False
        for line in lines:
            if line != b"":
                self._is_decided = True
                return line is None or is_foreign(line, is_whole=True) is True
        return unfinished is None or is_foreign(unfinished, is_whole=False) is True
