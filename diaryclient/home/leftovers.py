"""What killed processes left behind: swept, or brought back, when the next command begins.

Rules: only what no process holds (`diaryclient.files.scratch`). A login that never got its name is
removed, since its token is a secret and nobody misses it: the old one is there, or the server ends
what was never used. A text that never got its name may be all that there is of it, so it becomes a
draft and is told of; unless its entry got there. Nothing here keeps a command from its work: what
cannot be looked after is told as well. Quick where there is nothing, which is nearly always.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from diaryclient.files.scratch import abandoned, place_of


def notes_below(state: Path) -> Path:
    """Give the folder that remembers where exports are being written (`atomic_output.noted`)."""
    return state / "exports"


def sweep(state: Path) -> list[str]:
    """Look after everything below the client's folder; give what there is to tell, a line each."""
    drafts, told = state / "drafts", list[str]()

    def rescue(scratch: Path) -> str:
        return _rescue(scratch, drafts)

    told += _look_after(state / "logins", _remove)
    for folder in (drafts, *_folders_in(state / "outbox")):
        told += _look_after(folder, rescue)
    for note in _names_in(notes_below(state)):
        told += _tried(note, _remove_noted)
    return told


def _look_after(folder: Path, look_after: Callable[[Path], str]) -> list[str]:
    told = list[str]()
    with suppress(OSError), abandoned(folder) as found:  # `doctor` tells of such a folder
        for scratch in found:
            told += _tried(scratch, look_after)
    return told


def _folders_in(folder: Path) -> Iterator[Path]:
    return (each for each in _names_in(folder) if each.is_dir())


def _names_in(folder: Path) -> Iterator[Path]:
    with suppress(FileNotFoundError, NotADirectoryError, PermissionError):
        yield from folder.iterdir()


def _tried(path: Path, look_after: Callable[[Path], str]) -> list[str]:
    try:
        words = look_after(path)
    except OSError as error:
        words = f"{path} was left by a diaryclient that was killed: {error.strerror}; remove it"
    return [words] if words else []


def _remove(scratch: Path) -> str:
    scratch.unlink()
    return ""


def _rescue(scratch: Path, drafts: Path) -> str:
    place = place_of(scratch)
    data = scratch.read_bytes()
    if not data or (place and place.exists()):
        return _remove(scratch)
    from shlex import quote  # noqa: PLC0415 - nearly never

    from diaryclient.typed.editor import keep_draft  # noqa: PLC0415 - as above

    draft = keep_draft(drafts, data if scratch.parent == drafts else _text_in(data))
    scratch.unlink()
    return (
        f"a diaryclient was killed while it kept a text, which is in {draft} now; if the diary has "
        f"it not, type: diaryclient write < {quote(str(draft))}"
    )


def _text_in(data: bytes) -> bytes:
    """Give the text of an outbox's file, or all there is if it was not written to its end."""
    from json import loads  # noqa: PLC0415 - as above

    try:
        text = loads(data)["text"]
        return text.encode() if isinstance(text, str) and text else data
    except (ValueError, KeyError, TypeError):
        return data


def _remove_noted(note: Path) -> str:
    from diaryclient.files.atomic_output import remove_noted  # noqa: PLC0415 - as above

    remove_noted(note)
    return ""
