"""Reads a folder of text or Markdown files that are named by their day.

Rules: a file is an entry, of the time in its name, or of nine o'clock; but a file in which a line
begins as jrnl begins an entry is read as jrnl's, and a Markdown file may have several
(`diaryclient.importing.sections`). A heading that only says the day is no text. The title in a
name, and that of front matter, become the first line of the file's first entry, unless it says the
same; tags of front matter are those of each entry. A Markdown file that is not named by a day has
that of its front matter. All other files are oddities. What is looked at and what is not:
`diaryclient.importing.tree`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Final

from diaryclient.errors import SourceError
from diaryclient.importing.file_names import (
    FileName,
    as_title,
    at_day,
    has_ending,
    is_dated,
    is_markdown,
    read_file_name,
)
from diaryclient.importing.finding import Draft, Finding, Oddity
from diaryclient.importing.front_matter import FrontMatter, read_front_matter
from diaryclient.importing.journal import is_journal, read_journal
from diaryclient.importing.sections import read_sections
from diaryclient.importing.source import (
    MAX_BYTES,
    NotRegularError,
    decode,
    read_bytes,
    too_large,
)
from diaryclient.importing.tagging import tagged
from diaryclient.importing.tree import Leaf, Tree, opened_tree

_MAY_BE_FRONT_MATTER: Final = (b"---", b"\xef\xbb\xbf---")
"""Of files that are not named by a day no others are read to their end."""

_UNREADABLE: Final = "is too long, or not UTF-8"
_DOUBTFUL: Final = "with a number in its name that might be a time, kept in the title"


@dataclass(frozen=True, slots=True)
class _Header:
    """What is known of a file beside its text."""

    when: datetime
    titles: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)


def read_folder(folder: Path) -> Iterator[Finding]:
    """Read all files below a folder, by their names; raise SourceError if it is too much."""
    size = 0
    with opened_tree(folder, is_dated) as tree:
        for found in tree.look():
            if isinstance(found, Oddity):
                yield found
                continue
            data = _read_leaf(tree, found)
            if isinstance(data, Oddity):
                yield data
                continue
            size += len(data)
            if size > MAX_BYTES:
                raise too_large()
            yield from _read_data(data, found.name)


def read_dated_file(text: str, name: str) -> Iterator[Finding]:
    """Read the text of one file, called `name`."""
    matter = read_front_matter(text) if is_markdown(name) else None
    header = _header(name, matter)
    if header is None:
        yield Oddity(name, _why_not(name), is_skipped=True)
        return
    named = read_file_name(name)
    if named and named.is_doubtful:
        yield Oddity(name, _DOUBTFUL)
    if matter:
        text = text[matter.end :]
        yield from (Oddity(name, words) for words in matter.told)
    yield from _with_header(_read_text(text, header, name), header)


def has_dated_front_matter(text: str, name: str) -> bool:
    """Tell whether a file is one of such a folder by what stands before its text."""
    return is_markdown(name) and _header(name, read_front_matter(text)) is not None


def _read_leaf(tree: Tree, leaf: Leaf) -> bytes | Oddity:
    why_not = (
        None if is_dated(leaf.name) else Oddity(leaf.name, _why_not(leaf.name), is_skipped=True)
    )
    if why_not and not is_markdown(leaf.name):
        return why_not
    try:
        with tree.opened(leaf) as file:
            beginning = file.read(len(_MAY_BE_FRONT_MATTER[-1]))
            if why_not and not beginning.startswith(_MAY_BE_FRONT_MATTER):
                return why_not
            file.seek(0)
            return read_bytes(file)
    except NotRegularError:
        words = "is no file"
    except SourceError:
        words = _UNREADABLE
    except OSError as error:
        words = f"cannot be read: {error.strerror}"
    return why_not or Oddity(leaf.name, words, is_skipped=True)


def _read_data(data: bytes, name: str) -> Iterator[Finding]:
    try:
        text = decode(data)
    except SourceError:
        words = _UNREADABLE if is_dated(name) else _why_not(name)
        yield Oddity(name, words, is_skipped=True)
        return
    yield from read_dated_file(text, name)


def _why_not(name: str) -> str:
    return "is not named by a day" if has_ending(name) else "is neither .md nor .txt"


def _header(name: str, matter: FrontMatter | None) -> _Header | None:
    """Give what a name and front matter say together; None if neither names a day."""
    named = read_file_name(name) if has_ending(name) else None
    when = _when(named, matter)
    if when is None:
        return None
    of_name = named.title if named else as_title(PurePosixPath(name).stem)
    titles = [matter.title] if matter and matter.title else []
    if of_name and not any(_says(title, of_name) for title in titles):
        titles.append(of_name)
    return _Header(when, titles, matter.tags if matter else [])


def _when(named: FileName | None, matter: FrontMatter | None) -> datetime | None:
    day = matter.when if matter else None
    if isinstance(day, datetime):
        return day
    if named and (day is None or named.when.date() == day):
        return named.when
    return None if day is None else at_day(day)


def _read_text(text: str, header: _Header, name: str) -> Iterator[Finding]:
    if is_journal(text):
        for found in read_journal(text):
            yield replace(found, place=f"{name} {found.place}")
        return
    yield from read_sections(text, header.when, name, is_markdown=is_markdown(name))


def _with_header(found: Iterator[Finding], header: _Header) -> Iterator[Finding]:
    titles = header.titles
    for each in found:
        if isinstance(each, Draft) and each.text.strip():
            text = tagged(_titled(each.text, titles), header.tags)
            titles = []
            yield replace(each, text=text)
        else:
            yield each


def _titled(text: str, titles: list[str]) -> str:
    first = text.partition("\n")[0]
    missing = [title for title in titles if _bare(title) != _bare(first)]
    return "\n".join([*missing, text])


def _says(title: str, other: str) -> bool:
    """Tell whether a title says what another one does, as `Beach day!` does of `beach-day`."""
    return _bare(other) in _bare(title)


def _bare(title: str) -> str:
    return "".join(filter(str.isalnum, title)).casefold() or title.strip()
