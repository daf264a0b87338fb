"""What other people of the machine can get at, in words, for `diaryclient.health.diagnosis`. Pure.

Rules: no advice that does nothing. Modes are changed by the owner alone, so what belongs to another
is given back first, and a folder above that is another's is theirs to mend.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Final

MOST_PATHS: Final = 3
"""Files named in one line; the command to type mends the others as well."""


@dataclass(frozen=True, slots=True)
class Exposed:
    """What other people of the machine can get at.

    `readable` is kept in the client's folder `state` and not for one alone; what is `changeable`
    may be exchanged by others, as folders above it may; so may what is `beyond`, which only its
    owner, somebody else, can mend. What is `foreign` is of another user.
    """

    state: Path = Path()
    readable: tuple[Path, ...] = ()
    changeable: tuple[Path, ...] = ()
    foreign: tuple[Path, ...] = ()
    beyond: tuple[Path, ...] = ()


def what_is_open(exposed: Exposed) -> tuple[str, str]:
    """Say what others can get at, and what to do; both empty if there is nothing."""
    words, advice = list[str](), list[str]()
    if exposed.readable:
        words.append(f"not yours alone: {format_paths(exposed.readable)}")
        whole = quote(str(exposed.state))
        advice.append(f"if nobody has copied them, type: chmod -R go-rwx {whole}")
    if exposed.changeable:
        words.append(f"others may change or exchange: {format_paths(exposed.changeable)}")
        paths = " ".join(quote(str(path)) for path in exposed.changeable)
        advice.append(f"type: chmod go-w {paths}")
    if exposed.beyond:
        words.append(f"others may change or exchange: {format_paths(exposed.beyond)}")
        advice.append("only the owner or root can mend that, with chmod go-w")
    if exposed.foreign:
        words.append(f"of another user: {format_paths(exposed.foreign)}")
        # First, since nobody can change the modes of what is another's.
        advice.insert(0, "that user, or root after sudo, must give them back with chown")
    return "; ".join(words), "; ".join(advice)


def format_paths(paths: Sequence[Path]) -> str:
    """Give the first few paths, and how many more there are."""
    more = len(paths) - MOST_PATHS
    return ", ".join(map(str, paths[:MOST_PATHS])) + (f" and {more} more" if more > 0 else "")
