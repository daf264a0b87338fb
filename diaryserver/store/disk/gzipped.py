"""A day's text in gzip (RFC 1952): what `zcat`, `zgrep` and `gunzip` understand.

Rules: we write one member without name or time, so that the same text always gives the same bytes;
we read whatever gzip writes, with names and several members, since people gzip by hand. All of it
is checked against its checksums, and no more is decompressed than a day may have.
"""

import os
import zlib
from collections.abc import Generator
from typing import BinaryIO, Final

MAX_DECOMPRESSED_BYTES: Final = 2**25
"""Of a compressed day, decompressed: twice what a day takes from clients, for those who add by
hand. A few KiB of planted bytes could otherwise fill the memory."""

MAX_FILE_BYTES: Final = MAX_DECOMPRESSED_BYTES + 2**20
"""Gzip makes nothing longer but by its headers, less than a thousandth."""

MAX_MEMBERS: Final = 64
"""Of what people put together with `cat` or `gzip >>`; each one costs a copy of the rest."""

PIECE_BYTES: Final = 2**18
"""Of a text that is decompressed piece by piece: a millisecond each."""

_GZIP_WINDOW: Final = 31
"""zlib's number for its largest window with gzip's header and trailer around it."""

_ISIZE_BYTES: Final = 4

_BY_HAND: Final = "gunzip it by hand"


class DamagedFileError(OSError):
    """A compressed file that is not what gzip wrote, or more than is read of one."""

    def __init__(self, name: str, why: str, remedy: str = "restore it from a backup") -> None:
        self.why = f"{why}; {remedy}"
        super().__init__(None, f"{name} cannot be read: {self.why}")


def compress(text: bytes) -> bytes:
    """Give the file's bytes, the same for the same text."""
    return zlib.compress(text, wbits=_GZIP_WINDOW)


def text_size(file: BinaryIO) -> int:
    """Give how long the text of an open file is, as its trailer says (RFC 1952, ISIZE).

    Right for what `compress` made; never more than is read of one. Raise OSError.
    """
    file.seek(max(0, file.seek(0, os.SEEK_END) - _ISIZE_BYTES))
    return min(int.from_bytes(file.read(_ISIZE_BYTES), "little"), MAX_DECOMPRESSED_BYTES)


def decompress(file: BinaryIO, name: str) -> bytes:
    """Give the text of an open file, which `name` is said of in errors.

    Raise DamagedFileError, or another OSError if it cannot be read.
    """
    pieces = decompress_in_pieces(file, name)
    while True:
        try:
            next(pieces)
        except StopIteration as ended:
            text: bytes = ended.value
            return text


def decompress_in_pieces(file: BinaryIO, name: str) -> Generator[None, None, bytes]:
    """Do the same, giving way after each piece; the file is read before the first one ends."""
    rest = file.read(MAX_FILE_BYTES)
    members = 0
    texts: list[bytes] = []
    room = MAX_DECOMPRESSED_BYTES + 1
    # No bytes at all are no gzip either; zeros behind the last member are padding, as for gzip.
    while not members or rest.strip(b"\0"):
        if members == MAX_MEMBERS:
            raise DamagedFileError(name, f"it has more than {MAX_MEMBERS} members", _BY_HAND)
        member = zlib.decompressobj(wbits=_GZIP_WINDOW)
        while not member.eof:
            try:
                texts.append(member.decompress(rest, min(room, PIECE_BYTES)))
            except zlib.error:
                raise DamagedFileError(name, "it was changed") from None
            room -= len(texts[-1])
            if not room:
                size = f"it holds more than {MAX_DECOMPRESSED_BYTES // 2**20} MiB"
                raise DamagedFileError(name, size, _BY_HAND)
            rest = member.unconsumed_tail
            if not (texts[-1] or rest or member.eof):
                raise DamagedFileError(name, "it is cut off")
            yield
        members += 1
        rest = member.unused_data
    return b"".join(texts)
