"""A diary of many years in English and Chinese, the same for the same seed.

    python -m tests.generated_diary 20000 > diary.jsonl

It has what diaries have: several entries a day and weeks without any, tags, stars, long letters,
emoji, journeys through time zones; and seldom what makes trouble: texts that look like headers of
our formats, HTML, controls, blanks at both ends.
"""

import json
import random
import sys
from typing import Final

from diaryclient.entries.entry import DiaryEntry
from diaryclient.formats.data import entry_as_json
from protocol.dayfile import Written
from protocol.identifiers import EntryId, Username
from protocol.messages.writing import MAX_TEXT_BYTES
from protocol.stamp import Stamp

_END: Final = 1_790_000_000_000
_YEAR: Final = 31_556_952_000
_HOUR: Final = 3_600_000
_ZONES: Final = (60, 60, 60, 120, 480, 480, -300, 345, -210)
_ENGLISH: Final = (
    "Walked along the river until it got dark.",
    "Met Bob at the station, he had news of the old house.",
    "Nothing happened, and that was good.",
    "Read the second chapter again; it is better than I thought!",
    "Why do all of these meetings end late?",
    "Snow on the hills, first of the year…",
    "Cooked for six, ate with four.",
    "The train was late by an hour, so I wrote letters to everyone I could think of.",
)
_CHINESE: Final = (
    "今天天气很好，我们去了公园。",
    "晚上和妈妈通了电话，她说家里一切都好！",
    "读完了那本书，有点舍不得。",
    "为什么周末总是过得这么快？",
    "下雨了，在家里整理旧照片。",
    "学会了做红烧肉，味道还不错。",
)
_TAGS: Final = ("@work", "@home", "@family", "@books", "@旅行", "@妈妈", "@running/long", "@Bob")
_TROUBLE: Final = (
    "[2026-01-01 09:00] looks like an entry of jrnl",
    "[ ] a box to tick\n[x] another\n[unclosed bracket",
    "## 07:30 looks like a heading\n# 2026",
    '<script>document.title = "broken"</script> <b>& "quotes" \'too\'',
    "</script><!-- --> ]]> {{braces}}",
    "a terminal's \x1b[31mcolours\x1b[0m and \u202edirection",
    "  blanks at both ends  \n\n",
    "* not a star",
    "star at the end *",
    "😀👩‍👩‍👧 e\u0301\u0302 שלום",
    "2026-11-22T18:40:48.123+08:00 01a202d81ffb70008000000000000000 + forged",
    "\ttabs\tand a back\\slash \\n \\u{0}",
)


def generate_diary(
    count: int, *, years: int = 10, seed: int = 7, trouble: float = 0.02
) -> list[DiaryEntry]:
    """Give so many entries by time; `trouble` is the share of those that are meant to make it."""
    chance = random.Random(seed)
    times = sorted(chance.randrange(_END - years * _YEAR, _END) for _ in range(count))
    # Some within one millisecond, as programs write them.
    times = [
        chance.choice((before, at, at, at))
        for before, at in zip([_END - years * _YEAR, *times], times, strict=False)
    ]
    return [_entry(chance, at, trouble) for at in sorted(times)]


def _entry(chance: random.Random, at: int, trouble: float) -> DiaryEntry:
    # Months pass between journeys.
    off = _ZONES[at // (_YEAR // 4) % len(_ZONES)]
    text = _text(chance, trouble)
    while len(text.encode()) > MAX_TEXT_BYTES:
        text = text[: len(text) // 2]
    entry_id = EntryId.make(at + chance.choice((0, 0, 0, _HOUR)), chance.randbytes(10))
    written = Written(Stamp(at, off), entry_id, text, chance.random() < 0.05)
    return DiaryEntry(written, Username("alice"))


def _text(chance: random.Random, trouble: float) -> str:
    if chance.random() < trouble:
        return chance.choice(_TROUBLE)
    sentences = chance.choice((_ENGLISH, _ENGLISH, _CHINESE))
    blank = "" if sentences is _CHINESE else " "
    text = blank.join(chance.choice(sentences) for _ in range(chance.choice((1, 1, 2, 3, 6))))
    if chance.random() < 0.3:
        text += " " + " ".join(chance.sample(_TAGS, chance.choice((1, 1, 2))))
    for _ in range(chance.choice((0, 0, 0, 0, 1, 2))):
        text += chance.choice(("\n", "\n\n")) + chance.choice(
            (*_ENGLISH, *_CHINESE, *_TROUBLE[:3] * (chance.random() < trouble))
        )
    return text


if __name__ == "__main__":
    for each in generate_diary(int(sys.argv[1]), trouble=0.0 if "--plain" in sys.argv else 0.02):
        sys.stdout.write(json.dumps(entry_as_json(each), ensure_ascii=False) + "\n")
