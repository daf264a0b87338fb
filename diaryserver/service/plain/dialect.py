"""The plain-text dialect: the words of the UDP tutorial that the diary grew from, byte for byte.

Pure: bytes in, a command out; entries in, the reply's bytes out. docs/PROTOCOL.md, "Plain text",
has the table. Rules: what is not text is refused whole, never repaired, since a repaired text is
not what somebody wrote; a reply is in the encoding of its request and never longer than `limit`;
what would steer a terminal is kept, but shown as an escape.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from diaryserver.service.plain.encodings import cut_within, decode, encode
from protocol.dayfile import Written
from protocol.errors import MalformedError
from protocol.incoming import incoming_text
from protocol.stamp import Stamp

CREATED: Final = "---创建daily.log---"
CLEARED: Final = "---初始化完毕---!"
FULL: Final = "---日记已满---"
"""Begins the answer to a text that was not kept since there is no room; what is kept begins with
its stamp."""

_RULE: Final = "-" * 10
HEADER: Final = f"{_RULE}读取日记{_RULE}\n"
FOOTER: Final = "-" * 28

_STAMP: Final = r"\[[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}\] "
_FULL_ELSEWHERE: Final = r"---[^\n]{1,60}-\n.* is full: [\d.,]+ (\w+ )?of "
"""The same answer, as another encoding reads it: all but its first line is ASCII."""

_ECHO: Final = re.compile(f"{_STAMP}{_STAMP}|({_STAMP})?({FULL}|{_FULL_ELSEWHERE})")

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""All of Unicode's category Cc but tab and newline."""

_BINARY: Final = re.compile(r"[\x00-\x06\x0e-\x1a\x1c-\x1f\ud800-\udfff]")
"""Controls that neither terminals nor logs nor keyboards bring, and halves of surrogate pairs."""


@dataclass(frozen=True, slots=True)
class ShowToday:
    """`-r`: read today's entries."""


@dataclass(frozen=True, slots=True)
class ClearToday:
    """`-c`: set today's entries aside."""


@dataclass(frozen=True, slots=True)
class Keep:
    """Any other text: keep it."""

    text: str


Command: TypeAlias = ShowToday | ClearToday | Keep
_COMMANDS: Final[dict[str, Command]] = {"-r": ShowToday(), "-c": ClearToday()}


def read_command(data: bytes, encoding: str) -> tuple[Command, str]:
    """Give the command and the encoding it was written in, which "auto" finds out.

    Line ends and a mark as in `protocol.incoming`. Raise MalformedError for a blank text,
    undecodable bytes, or a control that no text has.
    """
    decoded, used = decode(data, encoding)
    text = incoming_text(decoded)
    if not text.strip():
        raise MalformedError("a blank text")
    if _BINARY.search(text):
        raise MalformedError("a control character that no text has")
    return _COMMANDS.get(text.lower(), Keep(text)), used


def stamped(entry: Written) -> str:
    r"""Give `[Sat Oct 31 12:00:00 2015] text`: C's asctime, further lines behind a tab.

    Controls are shown as `\x1b`: whoever wrote the text, it may end at a terminal.
    """
    text = entry.text.replace("\r\n", "\n").replace("\n", "\n\t")
    return f"[{_asctime(entry.stamp)}] {_CONTROL.sub(_escape, text)}"


def no_room(reason: str) -> str:
    """Give the answer to a text that was not kept; `reason` says what is full."""
    return f"{FULL}\n{reason}"


def is_echo(text: str) -> bool:
    """Tell a text that two servers have sent to and fro: it begins with two of our stamps.

    One stamp is a line that somebody pasted. No person writes the answer of a full diary.
    """
    return _ECHO.match(text) is not None


def encode_line(line: str, encoding: str, limit: int | None = None) -> bytes:
    """Encode a line, cut at a character so that it has at most `limit` bytes."""
    encoded = encode(line, encoding)
    if limit is None or len(encoded) <= limit:
        return encoded
    return encode(cut_within(line, encoding, limit), encoding)


def encode_day(entries: Sequence[Written], encoding: str, limit: int | None = None) -> bytes:
    """Give the reply to `-r`: header, the newest whole entries that fit `limit` bytes, footer.

    The newest one alone, if it does not fit, is cut.
    """
    if limit is None:
        lines = [f"{stamped(entry)}\n" for entry in entries]
    else:
        room = limit - len(encode(HEADER, encoding)) - len(encode(FOOTER, encoding))
        lines = _newest(entries, encoding, room)
    # In one piece: a byte order mark, say, stands at its beginning only.
    return encode(HEADER + "".join(lines) + FOOTER, encoding)


def least_limit(encoding: str) -> int:
    """Give the least `limit` that leaves `encode_day` room for an entry."""
    return len(encode(HEADER + FOOTER, encoding)) + len(
        encode("[Sat Oct 31 12:00:00 2015] x\n", encoding)
    )


def _newest(entries: Sequence[Written], encoding: str, room: int) -> list[str]:
    lines: list[str] = []
    for entry in reversed(entries):
        line = f"{stamped(entry)}\n"
        size = len(encode(line, encoding))
        if size > room:
            break
        room -= size
        lines.append(line)
    if not lines and entries:
        shown = cut_within(stamped(entries[-1]), encoding, room - len(encode("\n", encoding)))
        lines.append(f"{shown}\n")
    return lines[::-1]


def _escape(control: re.Match[str]) -> str:
    return f"\\x{ord(control[0]):02x}"


def _asctime(stamp: Stamp) -> str:
    return stamp.wall.ctime()
