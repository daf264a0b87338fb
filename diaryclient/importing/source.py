"""Reads the files of a source, no more of them than fits into memory."""

from pathlib import Path
from typing import Final

from diaryclient.errors import SourceError

MAX_BYTES: Final = 512 * 2**20
"""Of one file; the longest diaries are a tenth of it, and all of it is held in memory."""


def read_bytes(path: Path) -> bytes:
    """Give a file's bytes; raise SourceError if there are too many, OSError if it is unreadable."""
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise SourceError(f"{path} has more than {MAX_BYTES >> 20} MiB; import it in parts")
    return data


def decode(data: bytes) -> str:
    """Give UTF-8 as text, without a byte order mark, its lines ended by LF; raise SourceError."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SourceError(f"line {line} is not UTF-8; convert it first, with iconv") from None
    return text.replace("\r\n", "\n")
