"""Entries in a format, in a file or a folder of their own: what an export leaves behind.

Rules: the file or folder is whole or absent (`diaryclient.files.atomic_output`), and readable by
its owner only.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final

from diaryclient.browsing.browsing import Page
from diaryclient.entries.entry import DiaryEntry
from diaryclient.errors import ExportError
from diaryclient.files.atomic_output import check_file, check_folder, whole_file, whole_folder
from diaryclient.formats.exported import EXPORTS
from diaryclient.formats.pretty import Look
from diaryclient.formats.tree import render_tree
from protocol.errors import UsageError

TREE: Final = "md-tree"
"""The one format that fills a folder."""

FORMS: Final = (*EXPORTS, TREE)
_STANDARD: Final = "jsonl"


def guess_form(path: Path) -> str:
    """Give the format that the end of a file's name asks for, jsonl for a name without one.

    Raise UsageError for an end that names none.
    """
    ending = path.suffix.removeprefix(".").lower()
    if ending and ending not in EXPORTS:
        known = ", ".join(f".{each}" for each in EXPORTS)
        words = f"{path.name}: no format is known by the end .{ending}; known are {known}"
        raise UsageError(f"{words}; or name the format, which is one of {', '.join(FORMS)}")
    return ending or _STANDARD


@dataclass(frozen=True, slots=True)
class Plan:
    """Where an export goes, and in which format."""

    path: Path
    form: str


def plan_export(path: Path, form: str | None, *, replace: bool) -> Plan:
    """Raise UsageError for a format that there is not, or a place where none can come.

    A file that is there already is such a place, unless `replace`.
    """
    chosen = form or guess_form(path)
    if chosen not in FORMS:
        raise UsageError(f"form: there is no {chosen}; it is one of {', '.join(FORMS)}")
    if chosen == TREE:
        check_folder(path)
    elif check_file(path) and not replace:
        raise UsageError(f"{path} exists already; replace=True replaces it")
    return Plan(path, chosen)


def export_entries(entries: Iterable[DiaryEntry], plan: Plan, notes: Path | None = None) -> int:
    """Write entries, which come by time, and give how many; `notes` as below; raise ExportError."""
    count = 0

    def pages() -> Iterator[Page]:
        nonlocal count
        for _, found in groupby(entries, lambda entry: entry.stamp.day):
            page = Page(list(found))
            count += len(page.entries)
            yield page

    try:
        write_export(pages(), plan.form, plan.path, notes)
    except OSError as error:
        raise ExportError(f"{plan.path}: {error.strerror}; nothing was written") from None
    return count


def write_export(pages: Iterable[Page], form: str, path: Path, notes: Path | None = None) -> None:
    """Write pages into the file, or the folder if `form` is TREE, and replace a file of that name.

    `notes` as `whole_file` takes it. Raise OSError, also if the pages of a folder give a day twice;
    then nothing was written.
    """
    if form == TREE:
        with whole_folder(path.absolute(), notes) as folder:
            for place, text in render_tree(pages):
                _write_private(folder / place, text)
        return
    with whole_file(path, notes) as file:
        file.writelines(EXPORTS[form](pages, Look()))


def _write_private(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.touch(mode=0o600, exist_ok=False)
    path.write_text(text, encoding="utf-8", newline="")
