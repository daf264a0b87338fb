"""A day's text in gzip (RFC 1952): what `zcat`, `zgrep` and `gunzip` understand.

Rules: we write one member without name or time, so that the same text always gives the same bytes;
we read whatever gzip reads, several members or a name among it, since people gzip by hand. Every
byte is checked against the checksum, and no more is decompressed than a day may have.
"""

import gzip
import os
import zlib
from typing import BinaryIO, Final

MAX_TEXT_BYTES: Final = 2**25
"""Of a compressed day, decompressed: twice what a day takes from clients, for those who add by
hand. A few KiB of damaged or planted bytes could otherwise fill the memory."""

_GZIP_WINDOW: Final = 31
"""zlib's number for its largest window with gzip's header and trailer around it."""


class DamagedFileError(OSError):
    """A compressed file that is not what gzip wrote, or longer than a day can be."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(None, f"{name} is damaged: {why}; restore it from a backup")


def compress(text: bytes) -> bytes:
    """Give the file's bytes, the same for the same text."""
    return zlib.compress(text, wbits=_GZIP_WINDOW)


def decompress(file: BinaryIO, name: str) -> bytes:
    """Give the text of an open file, which `name` is said of in errors.

    Raise DamagedFileError, or another OSError if it cannot be read.
    """
    try:
        with gzip.GzipFile(fileobj=file, mode="rb") as opened:
            text = opened.read(MAX_TEXT_BYTES + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise DamagedFileError(name, "it is cut off or was changed") from None
    if len(text) > MAX_TEXT_BYTES:
        raise DamagedFileError(name, f"it holds more than {MAX_TEXT_BYTES // 2**20} MiB")
    if not text and not file.seek(0, os.SEEK_END):
        raise DamagedFileError(name, "it is empty")  # which Python takes for gzip, unlike zcat
    return text
