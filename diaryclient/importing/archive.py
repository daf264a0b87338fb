"""Takes the JSON files out of a zip that a stranger may have made.

Rules: nothing is unpacked onto the disk, and a name is only shown; one that no export has is a
reason to trust nothing else in the zip. Sizes are what the zip says, bounded, and must come true;
only DEFLATE is unpacked, which needs little memory, whatever the zip says. One damaged file makes
the whole zip a damaged one.
"""

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from itertools import pairwise
from typing import BinaryIO, Final

from diaryclient.errors import SourceError
from diaryclient.importing.source import MAX_BYTES, too_large

_BEGINNINGS: Final = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_MAX_READING: Final = 16 * 2**20
"""Bytes read at once, which the list of contents is: 150,000 photos. `zipfile` makes of each 46
bytes of it an object of several hundred."""

_MAX_NAME: Final = 255
"""Bytes, as file systems have it; each oddity carries the name of its file."""

_CHUNK: Final = 1 << 16
_ENCRYPTED: Final = 1
"""The bit of a file's flags."""

_HEADER: Final = 30
"""Bytes before a file's name and content, at least."""

_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ODD_NAME: Final = re.compile(r"[\x00-\x1f\x7f\\]|^/|^[A-Za-z]:|(?:^|/)\.\.(?:/|$)")
_DAMAGES: Final = (
    *(zipfile.BadZipFile, zlib.error, struct.error, NotImplementedError, RuntimeError),
    *(EOFError, ValueError, OverflowError),
)
"""What `zipfile` raises for bytes that are no zip."""

_WAY_OUT: Final = "unpack it and import its JSON file"


def is_zip(beginning: bytes) -> bool:
    """Tell by the first four bytes."""
    return beginning.startswith(_BEGINNINGS)


def json_files(file: BinaryIO) -> Iterator[tuple[str, bytes]]:
    """Give each JSON file of a zip, its name and its content; raise SourceError, OSError."""
    try:
        with zipfile.ZipFile(_Bounded(file)) as archive:
            for member in _chosen(archive.infolist()):
                yield member.filename, _content(archive, member)
    except _DAMAGES:
        raise SourceError(f"it is a damaged zip; export it once more, or {_WAY_OUT}") from None


class _Bounded:
    """A file that gives no more at once than `_MAX_READING`, whatever a zip promises."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.tell, self.seekable = file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        wanted = size if 0 <= size <= _MAX_READING else _MAX_READING + 1
        data = self._file.read(wanted)
        if len(data) > _MAX_READING:
            raise SourceError(f"it is a zip with too long a list of its files; {_WAY_OUT}")
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        if whence == 0 and offset < 0:
            raise zipfile.BadZipFile
        return self._file.seek(offset, whence)


def _chosen(members: list[zipfile.ZipInfo]) -> list[zipfile.ZipInfo]:
    """Give the files to be read, in the zip's order; raise SourceError unless all can be."""
    for one, other in pairwise(sorted(members, key=lambda each: each.header_offset)):
        if one.header_offset + _HEADER + one.compress_size > other.header_offset:
            raise zipfile.BadZipFile
    found = [each for each in members if _is_journal(each.filename)]
    if not found:
        raise SourceError("there is no JSON file in the zip")
    for each in found:
        _check_member(each)
    if len({each.filename for each in found}) < len(found):
        raise SourceError(f"two files in the zip have one name; {_WAY_OUT}")
    if sum(each.file_size for each in found) > MAX_BYTES:
        raise too_large()
    return found


def _is_journal(name: str) -> bool:
    return name.lower().endswith(".json") and not name.startswith("__MACOSX")


def _check_member(member: zipfile.ZipInfo) -> None:
    # `filename` ends where a NUL was.
    name = member.orig_filename
    if _ODD_NAME.search(name) or len(name) > _MAX_NAME:
        raise SourceError(f"a file in the zip has a name that no export has; {_WAY_OUT}")
    if member.flag_bits & _ENCRYPTED:
        raise SourceError(f"{name} in the zip is encrypted; {_WAY_OUT}")
    if member.compress_type not in _METHODS:
        raise SourceError(f"{name} in the zip is packed in a way unknown here; {_WAY_OUT}")


def _content(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    pieces = list[bytes]()
    with archive.open(member) as file:
        while piece := file.read(_CHUNK):
            pieces.append(piece)
    data = b"".join(pieces)
    if len(data) != member.file_size:
        raise EOFError
    return data
