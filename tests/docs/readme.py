"""Reads the examples of documents: fenced blocks, and the commands and outputs of a session."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

README: Final = Path(__file__).parents[2] / "README.md"
GUIDE: Final = README.parent / "docs" / "GUIDE.md"
_BLOCK: Final = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

_CHANGING: Final = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d [0-9a-f]{32}"), "TIME ID"),
    (re.compile(r"\[\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}\]"), "[STAMP]"),
    (re.compile(r"\bdiarytoken1[0-9a-z.]+"), "WORD"),
    (re.compile(r"\btoken [0-9a-f]{16} .+"), "token ID NAME"),
    (re.compile(r"\b[0-9a-f]{16}\b"), "ID"),
    (re.compile(r"(?<=made )\d{4}-\d\d-\d\d \d\d:\d\d"), "DAY TIME"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d [0-9a-f]{5}"), "DAY TIME ID"),
    (re.compile(r"[0-9a-f]{5} \d{4}-\d\d-\d\d \d\d:\d\d"), "ID DAY TIME"),
    (re.compile(r"(?<=queued )[0-9a-f]{5}"), "ID"),
    (re.compile(r"\d{4}-\d\d-\d\d"), "DAY"),
    (re.compile(r"127\.0\.0\.1:\d+"), "SERVER"),
)


@dataclass(frozen=True)
class Step:
    """A command that a document shows, and what it says comes of it."""

    command: str
    output: str


def blocks(language: str, document: Path) -> list[str]:
    """Give the contents of a document's blocks of one language, in order."""
    return [text for name, text in _BLOCK.findall(document.read_text()) if name == language]


def steps(document: Path) -> list[Step]:
    """Give every `$ command` of a document's sessions, in order."""
    found = []
    for block in blocks("console", document):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append(Step(command, output))
    return found


def without_what_changes(text: str) -> str:
    """Replace ids, times and addresses, which differ from run to run, by their names."""
    for pattern, name in _CHANGING:
        text = pattern.sub(name, text)
    return text
