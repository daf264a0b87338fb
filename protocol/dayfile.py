r"""The day file: how entries stand in `<day>.log`, one grammar for the server's disk and readers.

    file   = *record
    record = time SP id SP op LF *(TAB text LF)
    op     = ("+" / "*") *attr SP text            ; new; * starred
           / "~" id SP ("+" / "*") *attr SP text  ; amends
           / "-" id / "^" id                      ; removes, takes a change back
    attr   = "," key "=" 1*[A-Za-z0-9:.+-]        ; r = received, v = via
    time   = YYYY-MM-DDThh:mm:ss.mmm(+|-)hh:mm    ; the writer's wall clock
    id     = the UUIDv7 as 32 lower-case hex digits

Rules: UTF-8, split on LF only, append-only. A text's further lines start with one TAB and every
line is escaped (`protocol.escaping`), so no text can forge a header. What does not fit is foreign:
kept as raw bytes and shown, never dropped, never merged into an entry.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from protocol.errors import MalformedError
from protocol.escaping import escape_line, unescape_line
from protocol.identifiers import EntryId
from protocol.stamp import Stamp, parse_stamp

_TIME: Final = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d"
_ID: Final = "[0-9a-f]{32}"
_ATTRIBUTE: Final = ",[a-z]+=[A-Za-z0-9:.+-]+"
_HEADER: Final = re.compile(
    rf"({_TIME}) ({_ID}) (?:(?:~({_ID}) )?([+*])((?:{_ATTRIBUTE})*) (.*)|([-^])({_ID}))",
    re.ASCII | re.DOTALL,
)
_ENDS: Final = re.compile(rb"\n(?!\t)")
"""Where a record ends, with the further lines of its text."""

_ONE_ATTRIBUTE: Final = re.compile(_ATTRIBUTE)

Attributes: TypeAlias = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Written:
    """An entry as it was written (`+`, `*`); `attributes` are its `,key=value` in their order."""

    stamp: Stamp
    id: EntryId
    text: str
    starred: bool = False
    attributes: Attributes = ()


@dataclass(frozen=True, slots=True)
class Amended:
    """A new text for the entry `original` (`~`); it keeps its time and its day."""

    stamp: Stamp
    id: EntryId
    original: EntryId
    text: str
    starred: bool = False
    attributes: Attributes = ()


@dataclass(frozen=True, slots=True)
class Removed:
    """The entry `original` is hidden from now on (`-`)."""

    stamp: Stamp
    id: EntryId
    original: EntryId


@dataclass(frozen=True, slots=True)
class Restored:
    """A change of the entry `original` is taken back (`^`): see `History.take`."""

    stamp: Stamp
    id: EntryId
    original: EntryId


@dataclass(frozen=True, slots=True)
class Foreign:
    """A line that is no part of any record: its number from 1, and its bytes without the LF."""

    line: int
    raw: bytes


Change: TypeAlias = Amended | Removed | Restored
Record: TypeAlias = Written | Change


def format_record(record: Record) -> bytes:
    """Give a record's bytes, its last LF included.

    Raise MalformedError for a lone surrogate, or an attribute outside the grammar.
    """
    head = f"{record.stamp} {record.id.hex()} "
    if isinstance(record, Removed | Restored):
        mark = "-" if isinstance(record, Removed) else "^"
        return f"{head}{mark}{record.original.hex()}\n".encode()
    if isinstance(record, Amended):
        head += f"~{record.original.hex()} "
    return _format_text(head, record.text, record.attributes, starred=record.starred)


def format_entry(
    stamp: Stamp, entry_id: EntryId, text: str, attributes: Attributes = (), *, starred: bool
) -> bytes:
    """Give what `format_record` gives for such a `Written`, which nobody has to build for it."""
    return _format_text(f"{stamp} {entry_id.hex()} ", text, attributes, starred=starred)


def _format_text(head: str, text: str, attributes: Attributes, *, starred: bool) -> bytes:
    words = ""
    if attributes:
        each = [f",{key}={value}" for key, value in attributes]
        if not all(map(_ONE_ATTRIBUTE.fullmatch, each)):
            raise MalformedError("an attribute is a word of a-z and a value of A-Z a-z 0-9 : . + -")
        words = "".join(each)
    lines = escape_line(text).replace("\n", "\n\t")
    try:
        return f"{head}{'*' if starred else '+'}{words} {lines}\n".encode()
    except UnicodeEncodeError:
        raise MalformedError("a lone surrogate is no text") from None


def parse_day_file(data: bytes) -> list[Record | Foreign]:
    """Read a whole file, in its order; total: what is no record comes back as Foreign lines.

    A last line without LF is a torn write, and foreign like any other fault.
    """
    whole = data.rfind(b"\n") + 1
    parsed: list[Record | Foreign] = []
    number = 1
    for lines in _ENDS.split(data[:whole])[:-1]:
        head, _, further = lines.partition(b"\n")
        if further:
            parsed += _parse_lines(number, head, b"\n" + further)
            number += 1 + further.count(b"\n")
        else:
            parsed.append(_parse_line(number, head))
        number += 1
    if whole < len(data):
        parsed.append(Foreign(number, data[whole:]))
    return parsed


def _parse_line(number: int, raw: bytes) -> Record | Foreign:
    try:
        return _parse_header(raw.decode())
    except (UnicodeDecodeError, MalformedError):
        return Foreign(number, raw)


def _parse_lines(number: int, head: bytes, further: bytes) -> list[Record | Foreign]:
    """Read a line and those that begin with TAB behind it, each with the LF before it."""
    record = _parse_line(number, head)
    added: list[str] = []
    lines: list[bytes] = []
    if not isinstance(record, Written | Amended):
        lines = further.split(b"\n")[1:]
    else:
        try:
            added.append(_added_text(further))
        except (UnicodeDecodeError, MalformedError):
            lines = further.split(b"\n")[1:]
            added += _readable(lines)
        record = replace(record, text=record.text + "".join(added)) if added else record
    left = range(len(added), len(lines))
    return [record, *(Foreign(number + 1 + at, lines[at]) for at in left)]


def _readable(lines: list[bytes]) -> Iterator[str]:
    """Give what the lines add to a text, up to the first that adds nothing."""
    try:
        for raw in lines:
            yield _added_text(b"\n" + raw)
    except (UnicodeDecodeError, MalformedError):
        return


def _added_text(further: bytes) -> str:
    # All at once: a long text may have a quarter of a million lines.
    return unescape_line(further.replace(b"\n\t", b"\n").decode())


def _parse_header(line: str) -> Record:
    match = _HEADER.fullmatch(line)
    if match is None:
        raise MalformedError("not a record")
    time, hexadecimal, amends, mark, attributes, text, change, changed = match.groups()
    stamp = parse_stamp(time)
    entry_id = EntryId(bytes.fromhex(hexadecimal))
    if change:
        kind = Removed if change == "-" else Restored
        return kind(stamp, entry_id, EntryId(bytes.fromhex(changed)))
    pairs = tuple(_pair(item) for item in attributes.split(",")[1:])
    body = unescape_line(text)
    if amends:
        original = EntryId(bytes.fromhex(amends))
        return Amended(stamp, entry_id, original, body, mark == "*", pairs)
    return Written(stamp, entry_id, body, mark == "*", pairs)


def _pair(item: str) -> tuple[str, str]:
    key, _, value = item.partition("=")
    return key, value


@dataclass(slots=True)
class History:
    """What became of one entry, record by record.

    `counting` are the amendments that were not taken back, the last of them the one that is shown.
    `last` is the id of the last record that touched the entry: its version.
    """

    entry: Written
    counting: list[Amended]
    last: EntryId
    is_removed: bool = False

    @classmethod
    def begin(cls, entry: Written) -> "History":
        """Nothing has become of it yet."""
        return cls(entry, [], entry.id)

    @property
    def has_changes(self) -> bool:
        """Tell whether there is a change left that a restoration would take back."""
        return self.is_removed or bool(self.counting)

    @property
    def shown(self) -> "Written | Amended":
        """The record whose text and star the entry has now, whether it is removed or not."""
        return self.counting[-1] if self.counting else self.entry

    @property
    def current(self) -> Written:
        """The entry as it stands, whether it is removed or not."""
        text, starred = self.shown.text, self.shown.starred
        return replace(self.entry, text=text, starred=starred) if self.counting else self.entry

    def take(self, change: Change) -> None:
        """Let a change that names the entry act on it.

        A restoration shows a removed entry again. For one that is not removed it takes back the
        last amendment that counts; the one before it, or the first text, is shown again then.
        """
        self.last = change.id
        if isinstance(change, Amended):
            self.counting.append(change)
        elif isinstance(change, Removed):
            self.is_removed = True
        elif self.is_removed:
            self.is_removed = False
        elif self.counting:
            self.counting.pop()


def histories(
    records: Iterable[Record | Foreign], before: dict[EntryId, History] | None = None
) -> dict[EntryId, History]:
    """Give what became of each entry, in the order of the file.

    What names an entry that is not there, or not yet, changes nothing. Of two entries with one id
    the first counts. `before` is what this gave for the file's beginning: it is carried on.
    """
    found: dict[EntryId, History] = {} if before is None else before
    for record in records:
        if isinstance(record, Written):
            if record.id not in found:
                found[record.id] = History.begin(record)
        elif not isinstance(record, Foreign) and record.original in found:
            found[record.original].take(record)
    return found


def fold(records: Iterable[Record | Foreign]) -> list[Written]:
    """Give the entries as they stand now, by time, then in file order.

    Amendments replace text and star and keep the rest; removed entries are left out.
    """
    return standing(histories(records).values())


def standing(found: Iterable[History]) -> list[Written]:
    """Give the entries of such histories that are not removed, as they stand, by time."""
    shown = (history.current for history in found if not history.is_removed)
    return sorted(shown, key=lambda entry: entry.stamp.at)
