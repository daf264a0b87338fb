"""Marks: empty files that remember when something was done last, from one program to the next.

Rules: a mark is of no account, so whoever cannot make it does the thing once more; one from the
future, by a clock that was set back since, counts for nothing.
"""

import os
from contextlib import suppress
from pathlib import Path

from diaryclient.files.private_files import make_lock_file, make_private_folder


def is_time(mark: Path, now: int, pause: int) -> bool:
    """Tell whether the last time is `pause` seconds ago, and if so, remember `now` as the last."""
    with suppress(FileNotFoundError):
        if 0 <= now - int(mark.stat().st_mtime) < pause:
            return False
    with suppress(OSError):
        make_private_folder(mark.parent)
        make_lock_file(mark)
        os.utime(mark, (now, now))
    return True
