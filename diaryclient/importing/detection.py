"""Which reader a source is for."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from diaryclient.errors import SourceError
from diaryclient.importing.day_one import read_day_one
from diaryclient.importing.finding import Finding
from diaryclient.importing.folder import is_dated, read_dated_file, read_folder
from diaryclient.importing.journal import is_journal, read_journal
from diaryclient.importing.records import entries_of, parse, read_jrnl_json, read_json, read_jsonl
from diaryclient.importing.source import decode, read_bytes
from protocol.errors import UsageError

AUTO: Final = "auto"
FOLDER: Final = "folder"
_DAY_ONE: Final = "dayone"

_TEXTS: Final[Mapping[str, Callable[[str], Iterator[Finding]]]] = {
    "jrnl": read_journal,
    "jrnl-json": read_jrnl_json,
    "jsonl": read_jsonl,
    "json": read_json,
}
SOURCES: Final = (AUTO, "jrnl", "jrnl-json", _DAY_ONE, "jsonl", "json", FOLDER)
"""What `--format` of `import` can name."""


def read_source(path: Path, form: str) -> tuple[str, list[Finding]]:
    """Give the form of a source, found out if it is `auto`, and what is in it.

    Raise SourceError if it cannot be read so, UsageError for a folder that should be a file or the
    other way round, OSError.
    """
    if path.is_dir():
        if form not in {AUTO, FOLDER}:
            raise UsageError(f"{path} is a folder, which --format {form} cannot read")
        return FOLDER, list(read_folder(path))
    if form == FOLDER:
        return FOLDER, list(read_dated_file(path, path.name))
    data = read_bytes(path)
    try:
        form = _detected(data, path) if form == AUTO else form
        if form == FOLDER:
            return form, list(read_dated_file(path, path.name))
        found = read_day_one(data) if form == _DAY_ONE else _TEXTS[form](decode(data))
        return form, list(found)
    except SourceError as error:
        raise SourceError(f"{path}: {error}; nothing was imported") from None


def _detected(data: bytes, path: Path) -> str:
    if data.startswith(b"PK"):
        return _DAY_ONE
    text = decode(data)
    if not text.strip():
        return "jsonl"  # an empty diary in one of the forms that leave no trace of it
    if text.lstrip().startswith("{"):
        return _kind_of_json(text)
    if is_journal(text):
        return "jrnl"
    if is_dated(path.name):
        return FOLDER
    known = ", ".join(SOURCES[1:])
    raise SourceError(f"it is nothing that is known here; --format tells what it is: {known}")


def _kind_of_json(text: str) -> str:
    if _begins_with_a_record(text):
        return "jsonl"
    entries = entries_of(text)
    keys = entries[0] if entries and isinstance(entries[0], dict) else {}
    if "creationDate" in keys:
        return _DAY_ONE
    return "json" if "utc" in keys else "jrnl-json"


def _begins_with_a_record(text: str) -> bool:
    try:
        value = parse(text.lstrip().partition("\n")[0])
    except SourceError:
        return False  # an object that goes on in the next line
    return isinstance(value, dict) and "entries" not in value
