"""The plain-text dialect: the words of the UDP tutorial that the diary grew from, byte for byte.

Pure: bytes in, a command out; entries in, the reply's bytes out. docs/PROTOCOL.md, "Plain text",
has the table. Rules: what is not text is refused whole, never repaired, since a repaired text is
not what somebody wrote; a reply is in the encoding of its request and never longer than `limit`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from protocol.dayfile import Written
from protocol.errors import MalformedError
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
_ECHO: Final = re.compile(f"{_STAMP}{_STAMP}|({_STAMP})?{FULL}")

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""All of Unicode's category Cc but tab and newline."""

UTF_8: Final = "utf-8"
GB18030: Final = "gb18030"
AUTO: Final = "auto"


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
    """Give the command and the encoding it was written in, "utf-8" or "gb18030".

    `encoding` may also be "auto": UTF-8, else GB18030. One final CR LF or LF is dropped. Raise
    MalformedError for an empty text, undecodable bytes, or a control but tab and newline.
    """
    line = data.removesuffix(b"\n").removesuffix(b"\r") if data.endswith(b"\n") else data
    text, used = _decode(line, encoding)
    if not text:
        raise MalformedError("an empty text")
    if _CONTROL.search(text):
        raise MalformedError("a control character")
    return _COMMANDS.get(text.lower(), Keep(text)), used


def stamped(entry: Written) -> str:
    """Give `[Sat Oct 31 12:00:00 2015] text`: C's asctime, further lines behind a tab."""
    text = entry.text.replace("\n", "\n\t")
    return f"[{_asctime(entry.stamp)}] {text}"


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
    encoded = line.encode(encoding)
    if limit is None or len(encoded) <= limit:
        return encoded
    return encoded[:limit].decode(encoding, errors="ignore").encode(encoding)


def encode_day(entries: Sequence[Written], encoding: str, limit: int | None = None) -> bytes:
    """Give the reply to `-r`: header, the newest whole entries that fit `limit` bytes, footer.

    The newest one alone, if it does not fit, is cut.
    """
    header, footer = HEADER.encode(encoding), FOOTER.encode(encoding)
    room = None if limit is None else limit - len(header) - len(footer)
    lines: list[bytes] = []
    for entry in reversed(entries):
        line = stamped(entry).encode(encoding) + b"\n"
        if room is not None:
            if len(line) > room:
                break
            room -= len(line)
        lines.append(line)
    if not lines and entries and room is not None:
        lines.append(encode_line(stamped(entries[-1]), encoding, room - 1) + b"\n")
    return header + b"".join(reversed(lines)) + footer


def _decode(line: bytes, encoding: str) -> tuple[str, str]:
    for candidate in (UTF_8, GB18030) if encoding == AUTO else (encoding,):
        try:
            return line.decode(candidate), candidate
        except UnicodeDecodeError:
            continue
    raise MalformedError("bytes that are no text")


def _asctime(stamp: Stamp) -> str:
    return stamp.wall.ctime()
