"""Looking the whole data folder over; reads only, beside a running server or without one."""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from diaryserver.errors import DataError
from diaryserver.maintenance.accountfaults import account_faults, key_faults
from diaryserver.maintenance.databases import Copies
from diaryserver.maintenance.diaryfaults import DiaryInspection, Tally
from diaryserver.maintenance.faults import Fault, Kind
from diaryserver.maintenance.layout import DIARIES, JOURNAL, REMOVED, removed_of, user_of
from diaryserver.maintenance.ledgerfaults import ledger_faults
from diaryserver.maintenance.opening import names_in, opened_file, opened_folder, read_whole
from diaryserver.maintenance.permissions import permission_faults
from diaryserver.store.journal.records import Damage, read_records

_SEGMENT: Final = re.compile(r"([0-9]{16})\.journal")


@dataclass(frozen=True, slots=True)
class Report:
    """What was found: `findings` are faults and notes; how many day files and entries there are."""

    findings: list[Fault]
    files: int
    entries: int

    @property
    def faults(self) -> list[Fault]:
        """What is wrong."""
        return [each for each in self.findings if not each.is_note]

    def summary(self) -> str:
        """Give what was looked at and found as one line."""
        count = len(self.faults)
        found = {0: "no faults", 1: "1 fault"}.get(count, f"{count} faults")
        entries = "1 entry" if self.entries == 1 else f"{self.entries} entries"
        files = "1 day file" if self.files == 1 else f"{self.files} day files"
        return f"{found}; {entries} in {files}"


def verify(data: Path) -> Report:
    """Look at everything below `data`; raise DataError if it cannot be looked at at all."""
    tally, copies = Tally(), Copies(data)
    try:
        with opened_folder(data) as root:
            findings = [*permission_faults(root), *_diaries(root, DIARIES, user_of, tally)]
            findings += _diaries(root, REMOVED, removed_of, tally)
            findings += _journal(root)
            findings += [*ledger_faults(data, copies), *key_faults(data, copies)]
            findings += _accounts(data, root, copies)
    except OSError as error:
        raise DataError(f"{data} cannot be looked at: {error.strerror or error}") from None
    # What cannot be opened is met once for its permissions and once for what is in it.
    return Report(list(dict.fromkeys(findings)), tally.files, tally.entries)


def _diaries(
    root: int, top: str, name_of: Callable[[str], object | None], tally: Tally
) -> Iterator[Fault]:
    try:
        with opened_folder(top, root) as folder:
            for name in names_in(folder):
                path = f"{top}/{name}"
                if name_of(name) is None:
                    yield Fault(path, Kind.STRANGE_NAME, "no user's")
                    continue
                try:
                    with opened_folder(name, folder) as diary:
                        yield from DiaryInspection(path, diary, tally).faults()
                except FileNotFoundError:
                    continue  # its user was removed meanwhile: it is met again in `removed`
                except NotADirectoryError:
                    yield Fault(path, Kind.STRANGE_NAME, "not a folder")
                except OSError as error:
                    yield Fault(path, Kind.UNREADABLE, error.strerror or str(error))
    except FileNotFoundError:
        return


def _journal(root: int) -> Iterator[Fault]:
    try:
        with opened_folder(JOURNAL, root) as folder:
            for name in names_in(folder):
                if match := _SEGMENT.fullmatch(name):
                    yield from _segment(folder, name, int(match[1]))
    except FileNotFoundError:
        return


def _segment(folder: int, name: str, number: int) -> Iterator[Fault]:
    try:
        with opened_file(name, folder) as descriptor:
            data = read_whole(descriptor)
    except FileNotFoundError:
        return  # a checkpoint dropped it
    for record in read_records(data, number):
        if isinstance(record, Damage):
            kind = Kind.JOURNAL_TAIL if record.is_tail else Kind.JOURNAL_DAMAGE
            yield Fault(f"{JOURNAL}/{name}", kind, f"bytes {record.start} to {record.end}")


def _accounts(data: Path, root: int, copies: Copies) -> Iterator[Fault]:
    """Give the database's faults, and the diaries that belong to nobody in it."""
    try:
        with opened_folder(DIARIES, root) as folder:
            diaries = [name for name in names_in(folder) if user_of(name)]
    except FileNotFoundError:
        diaries = []
    # After the names: a user is there before the diary.
    faults, users = account_faults(data, copies)
    yield from faults
    if users is None:
        return
    for name in diaries:
        if name not in users and os.path.lexists(data / DIARIES / name):
            yield Fault(f"{DIARIES}/{name}", Kind.STRAY_DIARY, "there is no user of this name")
