"""What can be wrong with the data, as values: which file, which line, what kind.

Rules: a fault never shows diary text. It names an id only if that has the shape of one, since
whatever else stands in its place may be somebody's words.
"""

import os
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from protocol.escaping import escape_line

_BIDIRECTIONAL: Final = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Controls that turn the order of what follows: a diary may hold them, a list must not obey."""

JsonFault: TypeAlias = dict[str, str | int | bool]


class Kind(StrEnum):
    """Every kind of fault, under the name that it is reported by."""

    FOREIGN_LINE = "foreign-line"
    BAD_ID = "bad-id"
    ORDER = "order"
    DUPLICATE = "duplicate"
    WRONG_DAY = "wrong-day"
    TORN_END = "torn-end"
    JOURNAL_DAMAGE = "journal-damage"
    JOURNAL_TAIL = "journal-tail"
    PERMISSIONS = "permissions"
    OWNER = "owner"
    STRANGE_NAME = "strange-name"
    STRAY_DIARY = "stray-diary"
    ACCOUNTS = "accounts"
    LEDGER = "ledger"
    KEYS = "keys"
    LEFTOVER_KEY = "leftover-key"
    UNREADABLE = "unreadable"
    DAMAGED = "damaged"
    LEFTOVER = "leftover"


NOTES: Final = frozenset({Kind.JOURNAL_TAIL, Kind.LEFTOVER_KEY, Kind.LEFTOVER})
"""Worth saying, but no fault: a crash leaves them, and the next start deals with them."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: `file` is relative to the data folder, `line` counts from 1, 0 is none."""

    file: str
    kind: Kind
    note: str
    line: int = 0
    id: str = ""

    @property
    def is_note(self) -> bool:
        """Whether it is only worth saying."""
        return self.kind in NOTES

    def __str__(self) -> str:
        """Give one line of text, safe for a terminal."""
        where = f"{printable(self.file)}:{self.line}" if self.line else printable(self.file)
        return ": ".join(filter(None, (where, self.kind.value, self.id, self.note)))

    def as_json(self) -> JsonFault:
        """Give what `verify --json` lists."""
        return {
            "file": printable(self.file),
            "line": self.line,
            "kind": self.kind.value,
            "id": self.id,
            "note": self.note,
            "fault": not self.is_note,
        }


def printable(name: str) -> str:
    """Give a file's or a device's name as one line that moves no cursor, whatever its bytes are."""
    line = os.fsencode(name).decode(errors="backslashreplace").replace("\n", "\\n")
    return _BIDIRECTIONAL.sub(lambda each: f"\\u{{{ord(each[0]):x}}}", escape_line(line))
