"""What the form costs in which texts are compared: a search through ten years in several scripts.

    python -m benchmarks.forms

The store itself is asked for words that nobody wrote, so it looks through all; then the same days
are brought into their form, only folded, and brought into NFKC, without the store. All times are of
the processor, the median of some turns.
"""

import random
import sys
import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time
from typing import Final

from diaryserver.engine import open_entries
from diaryserver.service.ports.entries import WordQuery, Writing, new_entry
from diaryserver.store.files import FileEntryStore
from protocol.caseless import caseless
from protocol.identifiers import Day, EntryId, Username
from protocol.stamp import Stamp

DAYS: Final = 3650
ENTRIES: Final = 5
WORDS: Final = 40
TURNS: Final = 3

_GERMAN: Final = "Heute war über der Straße ein schöner Tag und wir gingen früh ins Café hinüber"
_SCRIPTS: Final = {
    "English": "The weather was fine today and we walked along the river with some friends",
    "German": _GERMAN,
    "German, accents apart": unicodedata.normalize("NFD", _GERMAN),
    "Russian": "Сегодня была хорошая погода и мы гуляли вдоль реки с друзьями",  # noqa: RUF001 - Russian
    "Chinese": "今天天气很好， 去了公园散步。 和朋友 一起吃了午饭！ 晚上读书， 听音乐。",  # noqa: RUF001 - Chinese stops
    "Japanese": "今日は とても良い 天気でした。 友達と ガーデンで 遊びました、 ＰＣを 買った。",
    "Thai": "วันนี้ อากาศ ดีมาก เรา ไป เดินเล่น ที่ แม่น้ำ กับ เพื่อน",
    "now and then 100 marks": "q" + "\u0301\u0323" * 50 + " and words" * 10,
}

_BUILD: Final = Path(__file__).parents[1] / "build"
_USER: Final = Username("u0")
_FIRST: Final = Day("2014-01-01")
_LAST: Final = Day("2023-12-31")
_BEGIN: Final = 1_388_577_600_000
_MINUTE: Final = 60_000
_DAY: Final = 1440 * _MINUTE
_ROOM: Final = 2**15


def main() -> None:
    """Print a line for each script, in ms."""
    _BUILD.mkdir(exist_ok=True)
    sys.stdout.write(f"{DAYS} days of {ENTRIES} entries of {WORDS} words; ms of the processor\n")
    sys.stdout.write(f"{'':24}{'bytes':>12}{'search':>9}{'form':>9}{'folding':>9}{'NFKC':>9}\n")
    for name, sentence in _SCRIPTS.items():
        with TemporaryDirectory(dir=_BUILD, prefix="forms-") as folder:
            size, times = _figures(Path(folder) / "data", sentence)
        shown = "".join(f"{each:9.0f}" for each in times.values())
        sys.stdout.write(f"{name:24}{size:12,}{shown}\n")


def _figures(folder: Path, sentence: str) -> tuple[int, Mapping[str, float]]:
    _make(folder, sentence)
    days = [path.read_text() for path in folder.glob(f"diaries/{_USER}/*.log")]
    with open_entries(folder) as store:
        ways: dict[str, Callable[[], None]] = {
            "search": lambda: _search(store),
            "form": lambda: _bring(days, caseless),
            "folding": lambda: _bring(days, str.casefold),
            "NFKC": lambda: _bring(days, _compatible),
        }
        turns = [{name: _timed(way) for name, way in ways.items()} for _ in range(TURNS)]
    size = sum(len(day.encode()) for day in days)
    return size, {name: median(turn[name] for turn in turns) * 1000 for name in ways}


def _make(folder: Path, sentence: str) -> None:
    chance = random.Random(1)
    words = sentence.split()
    folder.mkdir(mode=0o700)
    with open_entries(folder) as store:
        for number in range(DAYS):
            begin = _BEGIN + number * _DAY
            moments = range(begin, begin + ENTRIES * _MINUTE, _MINUTE)
            texts = (" ".join(chance.choices(words, k=WORDS)) for _ in moments)
            store.append_batch(
                [_entry(at, text, chance) for at, text in zip(moments, texts, strict=True)]
            )


def _entry(at: int, text: str, chance: random.Random) -> Writing:
    entry_id = EntryId.make(at, chance.randbytes(10))
    return new_entry(_USER, entry_id, Stamp(at, 60), text, starred=False, received=at, via="")


def _search(store: FileEntryStore) -> None:
    query = WordQuery("words that nobody wrote", _FIRST, _LAST)
    cursor = store.search(_USER, query, b"", _ROOM).cursor
    while cursor:
        cursor = store.search(_USER, query, cursor, _ROOM).cursor


def _bring(days: list[str], into: Callable[[str], str]) -> None:
    for day in days:
        into(day)


def _compatible(text: str) -> str:
    return unicodedata.normalize("NFKC", text.casefold())


def _timed(function: Callable[[], None]) -> float:
    before = process_time()
    function()
    return process_time() - before


if __name__ == "__main__":
    main()
