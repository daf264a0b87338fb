"""Writes a man page for every command, from the words that `--help` shows.

    python -m tools.manpages build/man

Rules: the page of `diaryclient outbox list` is `diaryclient-outbox-list.1`. Nothing is said here
that the command does not say itself, so the two cannot disagree. The same source gives the same
bytes, so no page has a date.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from inspect import cleandoc
from pathlib import Path
from typing import Final, NamedTuple

import click

from diaryclient.commands.group import cli
from diaryserver.cli import diaryserver

PROGRAMS: Final[Mapping[str, click.Command]] = {"diaryclient": cli, "diaryserver": diaryserver}

_SECTION: Final = 1
_PACKAGE: Final = "network-diary"
_VERBATIM: Final = "\b\n"
"""How click marks a paragraph whose lines stay as they are."""


class Named(NamedTuple):
    """A command with its context, which knows the words before it."""

    command: click.Command
    context: click.Context

    @property
    def words(self) -> str:
        """What is typed, such as `diaryclient outbox list`."""
        return self.context.command_path

    @property
    def page(self) -> str:
        """The page's name, such as `diaryclient-outbox-list`."""
        return self.words.replace(" ", "-")


def tree(name: str, command: click.Command, parent: click.Context | None = None) -> Iterator[Named]:
    """Give a command and all below it."""
    named = _named(name, command, parent)
    yield named
    for below in _below(*named):
        yield from tree(below.context.info_name or "", below.command, named.context)


def man_page(named: Named) -> str:
    """Give a command's page in the man macros of roff."""
    command, context = named
    title = " ".join(map(_quoted, (named.page.upper(), str(_SECTION), "", _origin(), "Diary")))
    sections = {
        "NAME": [f"{_roff(named.page)} \\- {_summary(command)}"],
        "SYNOPSIS": [f".B {_roff(named.words)}", _roff(" ".join(_usage(named)))],
        "DESCRIPTION": _paragraphs(_help(command)),
        "OPTIONS": [line for row in _options(named) for line in _item(*row)],
        "COMMANDS": [
            line
            for below in _below(command, context)
            for line in _item(f"{below.page}({_SECTION})", _short(below.command))
        ],
        "NOTES": _paragraphs(command.epilog or ""),
        "SEE ALSO": [_see_also(named)] if context.parent else [],
    }
    lines = [f".TH {title}"]
    for heading, content in sections.items():
        if content:
            lines += [f".SH {heading}", *content]
    return "\n".join(lines) + "\n"


def write_pages(folder: Path) -> list[Path]:
    """Write the pages of all programs into a folder, and give their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, program in PROGRAMS.items():
        for named in tree(name, program):
            path = folder / f"{named.page}.{_SECTION}"
            path.write_text(man_page(named))
            written.append(path)
    return written


def _below(command: click.Command, context: click.Context) -> list[Named]:
    if not isinstance(command, click.Group):
        return []
    found = ((name, command.get_command(context, name)) for name in command.list_commands(context))
    return [_named(name, each, context) for name, each in found if each and not each.hidden]


def _named(name: str, command: click.Command, parent: click.Context | None) -> Named:
    settings = command.context_settings
    return Named(command, click.Context(command, info_name=name, parent=parent, **settings))


def _origin() -> str:
    return f"{_PACKAGE} {version(_PACKAGE)}"


def _summary(command: click.Command) -> str:
    return _roff(_short(command)).rstrip(".")


def _short(command: click.Command) -> str:
    """Give the first sentence of a command's help, whole."""
    return " ".join(_help(command).split("\n\n", 1)[0].split())


def _help(command: click.Command) -> str:
    return cleandoc(command.help or "")


def _usage(named: Named) -> list[str]:
    return named.command.collect_usage_pieces(named.context)


def _options(named: Named) -> Iterator[tuple[str, str]]:
    for parameter in named.command.get_params(named.context):
        row = parameter.get_help_record(named.context)
        if row:
            yield row


def _item(term: str, words: str) -> list[str]:
    return [".TP", f"\\fB{_roff(term)}\\fR", _roff(" ".join(words.split()))]


def _paragraphs(text: str) -> list[str]:
    lines = list[str]()
    for paragraph in text.split("\n\n"):
        if paragraph.startswith(_VERBATIM):
            shown = paragraph.removeprefix(_VERBATIM).split("\n")
            lines += (".PP", ".RS 4", ".nf", *map(_roff, shown), ".fi", ".RE")
        elif paragraph.strip():
            lines += (".PP", *map(_roff, paragraph.strip().split("\n")))
    return lines[1:]  # a heading begins a paragraph already


def _see_also(named: Named) -> str:
    parent = named.context.parent
    above = parent.command_path.replace(" ", "-") if parent else ""
    return f".BR {_roff(above)} ({_SECTION})"


def _quoted(text: str) -> str:
    return f'"{_roff(text)}"'


def _roff(text: str) -> str:
    """Escape a line, so that it is text and no request, and `quoted` words are bold."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq")
    escaped = re.sub(r"`([^`]+)`", r"\\fB\1\\fR", escaped)
    return f"\\&{escaped}" if escaped[:1] in {".", "'"} else escaped


if __name__ == "__main__":
    write_pages(Path(sys.argv[1]))
