"""What was acknowledged, looked for in the day files: nothing may be missing."""

import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from benchmarks.errors import BenchmarkError
from protocol.identifiers import EntryId

PATIENCE_SECONDS: Final = 10.0
"""Day files follow the journal within a second, on a quiet machine."""

_LOOK_SECONDS: Final = 0.3
_ID: Final = slice(30, 62)
"""Where a line has its id, after a time of constant width."""


def check_stored(
    data: Path, users: Sequence[str], ids: Iterable[EntryId], patience: float = PATIENCE_SECONDS
) -> None:
    """Raise BenchmarkError unless each of these entries soon stands in a day file of the users.

    Their texts are of one line, so that a line is an entry; `patience` is in seconds.
    """
    missing = {entry_id.hex().encode() for entry_id in ids}
    end_of_patience = time.perf_counter() + patience
    while True:
        missing.difference_update(_stored(data, users))
        if not missing:
            return
        if time.perf_counter() > end_of_patience:
            raise BenchmarkError(f"{len(missing)} acknowledged entries are in no day file")
        time.sleep(_LOOK_SECONDS)


def _stored(data: Path, users: Sequence[str]) -> Iterator[bytes]:
    for user in users:
        for path in (data / "diaries" / user).glob("*.log"):
            # A line that is being written ends without LF: the next look sees the whole of it.
            for line in path.read_bytes().split(b"\n")[:-1]:
                yield line[_ID]
