"""Opens the files of a source, and reads no more of them than fits into memory.

Rules: a source may be a stranger's. Only a regular file is read, and nothing is waited for: a pipe
would keep whoever looks for ever, a device does things when it is opened, and neither has an end.
The file that a person names may be a link; below an open folder no link is followed, whatever a
name has come to stand for since somebody looked.
"""

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final

from diaryclient.errors import SourceError
from diaryclient.importing.finding import Finding

MAX_BYTES: Final = 512 * 2**20
"""Of one file, and of all in a folder or a zip; the longest diaries are a tenth of it, and all of
it is held in memory."""

MAX_FINDINGS: Final = 1_000_000
"""Entries and oddities: what a diary may hold unless its server says otherwise. Three bytes can be
an oddity, which takes up a hundred times as much."""

_FLAGS: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_CHUNK: Final = 1 << 16


class NotRegularError(OSError):
    """A name stands for a link, a pipe, a socket or a device where a file should be."""


@contextmanager
def opened_file(name: str | Path, folder: int | None = None) -> Iterator[BinaryIO]:
    """Open a regular file; below an open folder, if given, a link is none.

    Raise NotRegularError or another OSError.
    """
    may_follow = folder is None
    _check_regular(os.stat(name, dir_fd=folder, follow_symlinks=may_follow))
    flags = _FLAGS if may_follow else _FLAGS | os.O_NOFOLLOW
    with os.fdopen(os.open(name, flags, dir_fd=folder), "rb") as file:
        _check_regular(os.fstat(file.fileno()))
        yield file


def read_bytes(file: BinaryIO) -> bytes:
    """Give all of an open file; raise SourceError if that is too much, OSError."""
    size = os.fstat(file.fileno()).st_size
    pieces, count = list[bytes](), 0
    # Some say that they are empty and are not, and a file can grow.
    while count <= MAX_BYTES >= size and (piece := file.read(max(size - count, 0) + _CHUNK)):
        pieces.append(piece)
        count += len(piece)
    if max(size, count) > MAX_BYTES:
        raise too_large()
    return b"".join(pieces)


def too_large() -> SourceError:
    """Give the error for more than `MAX_BYTES`."""
    return SourceError(f"it has more than {MAX_BYTES >> 20} MiB; import it in parts")


def decode(data: bytes) -> str:
    """Give UTF-8 as text, without a byte order mark, its lines ended by LF; raise SourceError.

    Its last line end stays: only who reads it knows whether that is of a text.
    """
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SourceError(f"line {line} is not UTF-8; convert it first, with iconv") from None


def listed(findings: Iterable[Finding]) -> list[Finding]:
    """Give all findings; raise SourceError if there are too many, or as their reader does."""
    found = list(islice(findings, MAX_FINDINGS + 1))
    if len(found) > MAX_FINDINGS:
        raise SourceError(f"it holds more than {MAX_FINDINGS} entries; import it in parts")
    return found


def _check_regular(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise NotRegularError("it is no file but a pipe, a device or the like")
