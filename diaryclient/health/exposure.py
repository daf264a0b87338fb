"""Looks for what other people of the machine can get at, for `diaryclient.health.diagnosis`.

Rules: changes nothing. What the client keeps is for its owner alone, files and folders; settings
may be read by others, and not be changed. Neither helps where somebody else can exchange a folder
above, so each of those is looked at too, by whatever names and links lead there. A folder like /tmp
(sticky) lets nobody exchange what is another's. A group of the person's own name, which many
systems make for each, is nobody else.
"""

import grp
import os
import pwd
import stat
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from diaryclient.health.openness import Exposed
from diaryclient.home.settings import Places

_MOST_FILES: Final = 20_000
"""Files looked at; more entries than anybody keeps waiting."""

_OTHERS: Final = 0o077
_ROOT: Final = 0


def find_exposed(places: Places) -> Exposed:
    """Look at the client's folders, at all in them that is secret, and at all above them."""
    kept = list(islice(_kept(places.state), _MOST_FILES))
    settings = [places.config, places.config_files[0]]
    above = list(_above([places.state, places.config]))
    changeable = [path for path in (*settings, *above) if _may_others_change(path)]
    return Exposed(
        state=places.state,
        readable=tuple(path for path in kept if _has_modes(path, _OTHERS)),
        changeable=tuple(path for path in changeable if _may_mend(path)),
        beyond=tuple(path for path in changeable if not _may_mend(path)),
        foreign=(
            *(path for path in (*kept, *settings) if _owner(path) not in {None, os.geteuid()}),
            *(path for path in above if _owner(path) not in {None, os.geteuid(), _ROOT}),
        ),
    )


def _kept(folder: Path) -> Iterator[Path]:
    """Give the client's folder and all below it that exists."""
    if folder.is_dir():
        yield folder
    for place, folders, names in os.walk(folder):
        yield from (Path(place) / name for name in (*folders, *names))


def _above(folders: Iterable[Path]) -> dict[Path, None]:
    """Give all folders above, by the names that were given and by those they stand for."""
    names = [Path(os.path.abspath(folder)) for folder in folders]  # noqa: PTH100 - not resolved
    real = [Path(os.path.realpath(folder)) for folder in folders]
    return dict.fromkeys(above for folder in (*names, *real) for above in folder.parents)


def _has_modes(path: Path, forbidden: int) -> bool:
    try:
        status = path.lstat()
    except OSError:
        return False  # sent meanwhile, or never there
    return not stat.S_ISLNK(status.st_mode) and bool(status.st_mode & forbidden)


def _may_others_change(path: Path) -> bool:
    try:
        status = path.stat()
    except OSError:
        return False
    if stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX:
        return False
    is_shared = status.st_mode & stat.S_IWGRP and not _is_own_group(status.st_gid)
    return bool(status.st_mode & stat.S_IWOTH or is_shared)


def _may_mend(path: Path) -> bool:
    try:
        return os.geteuid() in {_ROOT, path.stat().st_uid}
    except OSError:
        return False


def _is_own_group(group: int) -> bool:
    try:
        person, found = pwd.getpwuid(os.geteuid()), grp.getgrgid(group)
    except KeyError:
        return False
    return (
        found.gr_gid == person.pw_gid
        and found.gr_name == person.pw_name
        and set(found.gr_mem) <= {person.pw_name}
    )


def _owner(path: Path) -> int | None:
    try:
        return path.lstat().st_uid
    except OSError:
        return None
