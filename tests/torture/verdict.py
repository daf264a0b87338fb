"""The comparison at the end: what is on the disk with what was promised.

Rules: the files are read by the format's own parser and by nothing of the server; each broken
promise is a line, and nothing that is found twice, foreign or unknown is excused.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from protocol.dayfile import Written, parse_day_file
from protocol.identifiers import Day, EntryId, Username
from tests.torture.ledger import Fate, Ledger

PROGRAMS: Final = Username("programs")
"""Whose diary the real clients write; their ids are their own, so texts tell them apart."""


def judge(data: Path, ledger: Ledger) -> int:
    """Note every broken promise; give the number of entries on the disk."""
    found = list(_entries(data, ledger))
    _judge_attempts(found, ledger)
    _judge_programs(found, ledger)
    return len(found)


def _judge_attempts(found: list[tuple[Username, Day, Written]], ledger: Ledger) -> None:
    attempts = {attempt.key: attempt for attempt in ledger.attempts}
    times: Counter[tuple[Username, Day, EntryId]] = Counter()
    for user, day, entry in found:
        if user == PROGRAMS:
            continue
        key = user, day, entry.id
        times[key] += 1
        attempt = attempts.get(key)
        if attempt is None:
            ledger.violate(f"nobody wrote {key} {entry}")
            continue
        written = entry.stamp, entry.text, entry.starred
        if written != (attempt.stamp, attempt.request.text, attempt.request.star):
            ledger.violate(f"{key} is {entry}, and was {attempt.request}")
    for key, attempt in attempts.items():
        if times[key] > 1:
            ledger.violate(f"{key} is there {times[key]} times: {attempt.fate}")
        if not times[key] and attempt.fate is Fate.ACKNOWLEDGED:
            ledger.violate(f"{key} was acknowledged and is lost")
    ledger.counts["given up, stored all the same"] = sum(
        times[key] for key, attempt in attempts.items() if attempt.fate is not Fate.ACKNOWLEDGED
    )


def _judge_programs(found: list[tuple[Username, Day, Written]], ledger: Ledger) -> None:
    texts = Counter(entry.text for user, _, entry in found if user == PROGRAMS)
    for text, fate in ledger.programs.items():
        if texts[text] > 1:
            ledger.violate(f"diaryclient wrote {text!r} {texts[text]} times: {fate}")
        if not texts[text] and fate is Fate.ACKNOWLEDGED:
            ledger.violate(f"diaryclient promised {text!r}, and it is lost")
    for text in texts.keys() - ledger.programs.keys():
        ledger.violate(f"nobody ran diaryclient with {text!r}")


def _entries(data: Path, ledger: Ledger) -> Iterator[tuple[Username, Day, Written]]:
    for path in sorted((data / "diaries").rglob("*")):
        if path.is_dir():
            continue
        user, *_, name = path.relative_to(data / "diaries").parts
        if "quarantine" in path.parts or path.suffix != ".log":
            ledger.counts["files in quarantine"] += 1
            continue
        day = Day(name[:10])
        for record in parse_day_file(path.read_bytes()):
            if not isinstance(record, Written):
                ledger.violate(f"{path.relative_to(data)} has what nobody wrote: {record}")
            elif record.stamp.day != day:
                ledger.violate(f"{path.relative_to(data)} has an entry of another day: {record}")
            else:
                yield Username(user), day, record
