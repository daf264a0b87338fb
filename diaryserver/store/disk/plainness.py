"""A compressed day made a plain file again, for whatever changes it.

Rules: only a plain file is ever appended to or moved. Its compressed one goes when the plain one is
durable, so that a crash leaves one of them or both. Where both are, the plain one is the day, and
may have grown since: the other is removed if it holds nothing else, and else kept in quarantine.
Nobody waits until that is durable: the other may be there again after a power cut, and goes again.
"""

import hashlib
import logging
from typing import Final

from diaryserver.store.disk.gzipped import DamagedFileError
from diaryserver.store.disk.user_folder import (
    UserFolder,
    compressed_file,
    day_file,
    unfinished_file,
)
from protocol.identifiers import Day

_DIGEST_LETTERS: Final = 16

logger = logging.getLogger(__name__)


def make_plain(folder: UserFolder, day: Day) -> None:
    """Let a day that has a file have a plain one only, durably; raise OSError, losing nothing."""
    tidy(folder, day)
    if folder.status(compressed_file(day)) is None:
        return
    found = folder.read_compressed(day)
    folder.write_aside(day_file(day), found.text, found.status.st_mtime_ns)
    folder.finish(day_file(day))
    folder.remove(compressed_file(day))


def tidy(folder: UserFolder, day: Day) -> None:
    """Remove what a crash left of compressing a day, or of making it plain; raise OSError."""
    for name in (day_file(day), compressed_file(day)):
        if folder.status(unfinished_file(name)) is not None:
            folder.remove(unfinished_file(name))
    has_both = folder.status(day_file(day)) and folder.status(compressed_file(day))
    if not has_both:
        return
    if _is_contained(folder, day):
        folder.remove(compressed_file(day))
    else:
        _quarantine_compressed(folder, day)


def _is_contained(folder: UserFolder, day: Day) -> bool:
    try:
        compressed = folder.read_compressed(day).text
    except DamagedFileError:
        return False
    return folder.read_day(day).text.startswith(compressed)


def _quarantine_compressed(folder: UserFolder, day: Day) -> None:
    name = compressed_file(day)
    digest = hashlib.sha256(folder.read_file(name)).hexdigest()[:_DIGEST_LETTERS]
    folder.quarantine(name, f"{day}.0.{digest}.gz")
    logger.warning("set %s/%s aside: beside it lies other text", folder.user, name)
