"""Lines out of a telnet or netcat stream: a pure, incremental decoder.

Rules (RFC 854, 1123): IAC commands are stripped, and every option is declined once; CR LF, CR NUL
and LF end a line. A line longer than the limit is given as None, once, and skipped up to its end.
"""

import re
from typing import Final

MAX_LINE: Final = 4096
"""Bytes of a line: four times what a signed entry holds; a flood without LF costs no more."""

MAX_REPLIES: Final = 64
"""Options declined in one connection; there are some forty, a peer that names more is no telnet."""

_IAC: Final = 255
_SB: Final = 250
_SE: Final = 240
_DECLINE: Final = {251: 254, 253: 252}  # WILL -> DONT, DO -> WONT
_OPTIONS: Final = range(251, 255)
_CR: Final = 13
_LF: Final = 10
_NUL: Final = 0
_PARTS: Final = re.compile(rb"[^\xff\r\n\0]+|.", re.DOTALL)
"""Runs of plain bytes are taken in one piece, or a flood would cost a microsecond for each."""


class TelnetDecoder:
    """Feed it what arrives; it gives lines without their ends, and what to answer."""

    def __init__(self) -> None:
        """Begin with an empty line, nothing declined."""
        self._line = bytearray()
        self._too_long = False
        self._after_cr = False
        self._command: list[int] = []
        self._in_subnegotiation = False
        self._declined: set[tuple[int, int]] = set()
        self._replies = bytearray()

    def feed(self, data: bytes) -> list[bytes | None]:
        """Give the lines that `data` completes; None stands for one that was too long."""
        lines: list[bytes | None] = []
        for part in _PARTS.findall(data):
            if len(part) > 1 and not self._is_special():
                self._add(part)
                continue
            for byte in part:
                self._feed_byte(byte, lines)
        return lines

    def finish(self) -> list[bytes | None]:
        """Give the last line, if the stream ended without its end."""
        return [self._end_line()] if self._line or self._too_long else []

    def unfinished(self) -> bytes | None:
        """Give what has come of the next line; None if that is too long already."""
        return None if self._too_long else bytes(self._line)

    def replies(self) -> bytes:
        """Give the refusals of options to send, each once."""
        replies = bytes(self._replies)
        self._replies.clear()
        return replies

    def _is_special(self) -> bool:
        return self._after_cr or bool(self._command) or self._in_subnegotiation

    def _feed_byte(self, byte: int, lines: list[bytes | None]) -> None:
        if self._takes_command(byte):
            return
        if self._after_cr:
            self._after_cr = False
            if byte in {_LF, _NUL}:
                lines.append(self._end_line())
                return
            self._add(b"\r")
        if byte == _LF:
            lines.append(self._end_line())
        elif byte == _CR:
            self._after_cr = True
        else:
            self._add(bytes((byte,)))

    def _add(self, part: bytes) -> None:
        if len(self._line) + len(part) > MAX_LINE:
            self._too_long = True
        if not self._too_long:
            self._line += part

    def _end_line(self) -> bytes | None:
        line = None if self._too_long else bytes(self._line)
        self._line.clear()
        self._too_long = False
        return line

    def _takes_command(self, byte: int) -> bool:
        """Follow IAC sequences; tell whether the byte belonged to one."""
        if self._command:
            self._continue_command(byte)
            return True
        if byte == _IAC:
            self._command.append(byte)
            return True
        return self._in_subnegotiation

    def _continue_command(self, byte: int) -> None:
        if len(self._command) == 1:
            if byte in _OPTIONS and not self._in_subnegotiation:
                self._command.append(byte)
                return
            if byte == _SB:
                self._in_subnegotiation = True
            elif byte == _SE:
                self._in_subnegotiation = False
            elif byte == _IAC and not self._in_subnegotiation:
                self._add(b"\xff")
        else:
            self._decline(self._command[1], byte)
        self._command.clear()

    def _decline(self, verb: int, option: int) -> None:
        answer = _DECLINE.get(verb)
        asked = (verb, option)
        if answer and asked not in self._declined and len(self._declined) < MAX_REPLIES:
            self._declined.add(asked)
            self._replies += bytes((_IAC, answer, option))
