"""`SHA256SUMS`, as `sha256sum` writes and checks it: one line a file, names as GNU escapes them.

Rules: the list is complete, so what is not in it is not of the backup; and a name in it stays below
the backup's folder.
"""

import os
import re
from collections.abc import Mapping
from typing import Final

from diaryserver.errors import DataError
from diaryserver.maintenance.faults import printable

SUMS_NAME: Final = "SHA256SUMS"

_LINE: Final = re.compile(rb"(\\?)([0-9a-f]{64}) [ *](.+)", re.DOTALL)
_ESCAPES: Final = {b"\\": b"\\\\", b"\n": b"\\n", b"\r": b"\\r"}
_UNESCAPES: Final = {escaped: byte for byte, escaped in _ESCAPES.items()}


def format_sums(sums: Mapping[str, str]) -> bytes:
    """Give the file's bytes for digests (hex) by path, sorted by path."""
    return b"".join(_format_line(path, sums[path]) for path in sorted(sums))


def _format_line(path: str, digest: str) -> bytes:
    name = os.fsencode(path)
    escaped = re.sub(rb"[\\\n\r]", lambda match: _ESCAPES[match[0]], name)
    mark = b"" if escaped == name else b"\\"
    return mark + digest.encode() + b"  " + escaped + b"\n"


def parse_sums(data: bytes) -> dict[str, str]:
    """Give digests (hex) by path; raise DataError for a line or a path that no backup has."""
    *lines, rest = data.split(b"\n")
    sums: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        match = _LINE.fullmatch(line)
        if match is None:
            raise DataError(f"{SUMS_NAME}:{number}: not a line of sha256sum")
        path = os.fsdecode(_unescape(match[3]) if match[1] else match[3])
        if not {"", ".", ".."}.isdisjoint(path.split("/")) or path in sums:
            raise DataError(f"{SUMS_NAME}:{number}: {printable(path)} is no path of a backup")
        sums[path] = match[2].decode()
    if rest or not sums:
        raise DataError(f"{SUMS_NAME} is cut off")
    return sums


def _unescape(name: bytes) -> bytes:
    return re.sub(rb"\\[\\nr]", lambda match: _UNESCAPES[match[0]], name)
