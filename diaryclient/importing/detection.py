"""Which reader a source is for."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, Final

from diaryclient.errors import SourceError
from diaryclient.importing.archive import is_zip
from diaryclient.importing.day_one import read_day_one, read_day_one_zip
from diaryclient.importing.document import is_document, read_document
from diaryclient.importing.file_names import is_dated
from diaryclient.importing.finding import Finding
from diaryclient.importing.folder import (
    has_dated_front_matter,
    read_dated_file,
    read_folder,
)
from diaryclient.importing.journal import is_journal, read_journal
from diaryclient.importing.records import entries_of, parse, read_jrnl_json, read_json, read_jsonl
from diaryclient.importing.source import (
    NotRegularError,
    decode,
    listed,
    opened_file,
    read_bytes,
)
from protocol.errors import UsageError

AUTO: Final = "auto"
FOLDER: Final = "folder"
_DAY_ONE: Final = "dayone"

_TEXTS: Final[Mapping[str, Callable[[str], Iterator[Finding]]]] = {
    "jrnl": read_journal,
    "md": read_document,
    "jrnl-json": read_jrnl_json,
    _DAY_ONE: read_day_one,
    "jsonl": read_jsonl,
    "json": read_json,
}
SOURCES: Final = (AUTO, *_TEXTS, FOLDER)
"""What `--format` of `import` can name."""


def read_source(path: Path, form: str) -> tuple[str, list[Finding]]:
    """Give the form of a source, found out if it is `auto`, and what is in it.

    Raise SourceError if it cannot be read so, which names the path, UsageError for a folder that
    should be a file.
    """
    try:
        if path.is_dir():
            if form not in {AUTO, FOLDER}:
                raise UsageError(f"{path} is a folder, which --format {form} cannot read")
            return FOLDER, listed(read_folder(path))
        with opened_file(path) as file:
            return _read_file(file, path.name, form)
    except SourceError as error:
        raise SourceError(f"{path}: {error}; nothing was imported") from None
    except NotRegularError as error:
        way_out = "write what it gives into a file first"
        raise SourceError(f"{path}: {error}; {way_out}; nothing was imported") from None
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror or error}; nothing was imported") from None


def _read_file(file: BinaryIO, name: str, form: str) -> tuple[str, list[Finding]]:
    beginning = file.read(4)
    file.seek(0)
    if form in {AUTO, _DAY_ONE} and is_zip(beginning):
        return _DAY_ONE, listed(read_day_one_zip(file))
    text = decode(read_bytes(file))
    form = _detected(text, name) if form == AUTO else form
    return form, listed(read_dated_file(text, name) if form == FOLDER else _TEXTS[form](text))


def _detected(text: str, name: str) -> str:
    if not text.strip():
        return "jsonl"  # an empty diary in one of the forms that leave no trace of it
    if text.lstrip().startswith("{"):
        return _kind_of_json(text)
    if is_journal(text):
        return "jrnl"
    if is_document(text):
        return "md"
    if is_dated(name) or has_dated_front_matter(text, name):
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
