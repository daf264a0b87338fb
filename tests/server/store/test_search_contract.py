"""What every entry store promises on searching: what is there now, once, all of it."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diaryclient.entries.entry import DiaryEntry
from diaryclient.entries.selection import Selection
from diaryserver.service.ports.entries import Appended, WordQuery, Writing
from diaryserver.store.searching import SCAN_BYTES
from protocol.dayfile import Written, fold, format_record
from protocol.errors import InvalidRequestError
from protocol.identifiers import Day, EntryId
from tests.server.fakes import NOON, new_id
from tests.server.store_contract import (
    ALICE,
    BOB,
    FIRST,
    LAST,
    STORES,
    TODAY,
    TOMORROW,
    Diaries,
    amending,
    entry,
    refused,
    removing,
    restoring,
)

A_DAY: Final = 86_400_000
ROOM: Final = 1024
MOST_REQUESTS: Final = 10_000


@pytest.fixture(params=sorted(STORES))
def diaries(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Diaries]:
    """A store with nothing in it."""
    with Diaries(STORES[request.param], tmp_path / "data") as opened:
        yield opened


def search(
    diaries: Diaries, words: str, first: Day = FIRST, last: Day = LAST, room: int = ROOM
) -> list[Written]:
    """Search to the end; no answer has more than fits, unless a single entry has."""
    found: list[Written] = []
    cursor = b""
    for _ in range(MOST_REQUESTS):
        matches = diaries.store.search(ALICE, WordQuery(words, first, last), cursor, room)
        sizes = [len(format_record(each)) for each in matches.entries]
        assert sum(sizes) <= room or len(sizes) == 1
        found += matches.entries
        cursor = matches.cursor
        if not cursor:
            return found
    raise AssertionError("a search that does not end")


def texts(diaries: Diaries, words: str) -> list[str]:
    """Search and give the texts."""
    return [found.text for found in search(diaries, words)]


def test_every_word_must_be_in_the_text(diaries: Diaries) -> None:
    """Anywhere, in any order, in capitals or not, on any of its lines."""
    diaries.put("Met Bob\nand\tALICE at the Straße")
    for words in ("bob", "alice BOB", "  and\n bo ", "STRASSE", "me at", "the the"):
        assert len(texts(diaries, words)) == 1, words
    for words in ("bob carol", "bobby", "bob\x00", "Bob\\n", "2026", "+00:00"):
        assert texts(diaries, words) == [], words


def test_chinese_needs_no_spaces(diaries: Diaries) -> None:
    """A word is found inside a sentence."""
    diaries.put("今天天气很好")
    diaries.put("昨天下雨了")
    assert texts(diaries, "天气") == ["今天天气很好"]
    assert texts(diaries, "天") == ["今天天气很好", "昨天下雨了"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("caf\xe9 @caf\xe9", "cafe\u0301 @CAFE\u0301"),
        ("cafe\u0301 @cafe\u0301", "caf\xe9 @CAF\xc9"),
        ("\uff30\uff23 \uff12\uff10 \uff76\uff9e", "pc 20 \u30ac"),
        ("pc 20 \u30ac", "\uff30\uff23 \uff12\uff10 \uff76\uff9e"),
        ("\u0130stanbul, I\u015f\u0131k", "istanbul i\u015f\u0131k \u0131\u015fik"),
        (
            "\u039b\u039f\u0393\u039f\u03a3 \u03bb\u03bf\u03b3\u03bf\u03c2",
            "\u03bb\u03bf\u03b3\u03bf\u03c3",
        ),
        ("Stra\xdfe", "STRASSE"),
        ("\u1112\u1161\u11ab", "\ud55c"),
    ],
    ids=ascii,
)
def test_however_it_was_typed(diaries: Diaries, text: str, words: str) -> None:
    """Accents as one letter or two, other widths, the letters i of Turkish; the text stays."""
    diaries.put(text)
    assert texts(diaries, words) == [text]


def test_what_is_escaped_on_the_disk_is_found_as_it_was_written(diaries: Diaries) -> None:
    """And the escapes are not."""
    diaries.put("back\\slash \x1b[31mred \ufeff")
    for words in ("\\", "back\\slash", "\x1b[31mred", "\ufeff"):
        assert len(texts(diaries, words)) == 1, words
    for words in ("\\\\", "u{1b}", "{feff}"):
        assert texts(diaries, words) == [], words


def test_an_entry_is_found_by_what_it_says_now(diaries: Diaries) -> None:
    """Not by a text that was amended, taken back or removed; and it comes as it stands."""
    original, first, second, third = (new_id() for _ in range(4))
    diaries.store.append_batch([entry("old words", original, at=NOON + 5)])
    diaries.change(amending(original, "new words", None, first, starred=True))
    assert texts(diaries, "old") == []
    [found] = search(diaries, "new")
    assert (found.id, found.stamp.at, found.starred) == (original, NOON + 5, True)
    diaries.change(restoring(original, first, second))
    assert texts(diaries, "new") == []
    assert texts(diaries, "words") == ["old words"]
    diaries.change(removing(original, second, third))
    assert texts(diaries, "words") == []
    diaries.change(restoring(original, third))
    assert texts(diaries, "words") == ["old words"]


def test_only_the_days_and_the_diary_that_were_asked_for(diaries: Diaries) -> None:
    """Both bounds count; nobody finds what is somebody else's, nor what was cleared."""
    for number in range(4):
        diaries.put(f"word {number}", at=NOON + number * A_DAY)
    diaries.put("word of bob", user=BOB)
    between = search(diaries, "word", TOMORROW, Day("2026-11-24"))
    assert [found.text for found in between] == ["word 1", "word 2"]
    assert search(diaries, "word", LAST, FIRST) == []
    diaries.clear(TOMORROW)
    assert texts(diaries, "word") == ["word 0", "word 2", "word 3"]


def test_nobody_is_found_in_a_diary_that_is_not_there(diaries: Diaries) -> None:
    """And none is made."""
    assert texts(diaries, "x") == []
    assert diaries.rows() == []


def test_an_entry_longer_than_the_room_comes_alone(diaries: Diaries) -> None:
    """Wholly: what is to become of it is the caller's business."""
    for text in ("a word", "word " * 400, "another word"):
        diaries.put(text)
    assert texts(diaries, "word") == ["a word", "word " * 400, "another word"]


def test_a_cursor_holds_over_appends_changes_and_clears(diaries: Diaries) -> None:
    """What was there all the time comes once; so does what was added behind the cursor."""
    ids = [new_id() for _ in range(6)]
    for number, entry_id in enumerate(ids):
        diaries.put(f"word {number}", entry_id, at=NOON + number // 3 * A_DAY)
    query = WordQuery("word", FIRST, LAST)
    matches = diaries.store.search(ALICE, query, b"", 150)
    assert [found.text for found in matches.entries] == ["word 0", "word 1"]
    diaries.put("word, late")
    diaries.change(amending(ids[0], "word, amended"))
    diaries.clear(TOMORROW)
    diaries.put("word, anew", at=NOON + A_DAY)
    diaries.reopen()
    rest: list[str] = []
    while matches.cursor:
        matches = diaries.store.search(ALICE, query, matches.cursor, 150)
        rest += [found.text for found in matches.entries]
    assert rest == ["word 2", "word, late", "word, amended", "word, anew"]


def test_a_day_that_was_cleared_is_begun_anew(diaries: Diaries) -> None:
    """A cursor into what is in the archive now means the beginning of what took its place."""
    for number in range(4):
        diaries.put(f"word {number}")
    query = WordQuery("word", FIRST, LAST)
    cursor = diaries.store.search(ALICE, query, b"", 150).cursor
    diaries.clear(TODAY)
    assert diaries.store.search(ALICE, query, cursor, 150).entries == ()
    diaries.put("word, anew")
    [found] = diaries.store.search(ALICE, query, cursor, 150).entries
    assert found.text == "word, anew"


@pytest.mark.parametrize("cursor", [b"x", bytes(18), b"2026-11-2x" + bytes(8), bytes(32)])
def test_a_cursor_that_nobody_gave_is_refused(diaries: Diaries, cursor: bytes) -> None:
    """Whatever it holds."""
    diaries.put("word")
    query = WordQuery("word", FIRST, LAST)
    assert refused(lambda: diaries.store.search(ALICE, query, cursor, ROOM)) is InvalidRequestError


def test_a_day_of_any_size_is_searched_a_piece_at_a_time(diaries: Diaries) -> None:
    """Nothing is missed where a piece ends, and an answer without entries is not yet the end."""
    size = 4 * SCAN_BYTES
    long = "x" * 2000 + "\n\tof many\nlines "
    batch = [entry(f"{long}{number % 7} {number}") for number in range(size // len(long))]
    diaries.store.append_batch(batch)
    changes = [amending(each.id, f"seven {each.text}") for each in batch[::97]]
    diaries.store.append_batch(changes)
    assert diaries.store.search(ALICE, WordQuery("nothing", FIRST, LAST), b"", ROOM).cursor
    assert texts(diaries, "nothing") == []
    found = [int(text.split()[-1]) for text in texts(diaries, "of\tlines 99")]
    assert sorted(found) == [number for number in range(len(batch)) if "99" in str(number)]
    assert len(texts(diaries, "seven")) == len(changes)


def test_rows_of_marks_hold_no_request_up(diaries: Diaries) -> None:
    """Whoever writes them has a search of more requests, each as short as others, and finds all."""
    marks = "q" + "\u0323\u0301" * 15_000
    assert len(marks.encode()) < SCAN_BYTES // 4
    for number in range(4):
        diaries.put(f"{marks} {number}", at=NOON + number * A_DAY)
    first = diaries.store.search(ALICE, WordQuery("nothing", FIRST, LAST), b"", ROOM)
    assert first.cursor[:10] == TODAY.encode()
    assert [text[-1] for text in texts(diaries, "q")] == ["0", "1", "2", "3"]


WORDS: Final = st.sampled_from(
    [
        *("a", "B", "ß", "ss", "天", "气", "\\", "\x00", "\n", "\t", " ", "}", "\ufeff", "\u2028"),
        *("é", "e", "\u0301", "\u0323", "ａ", "Ａ", "İ", "ı", "I", "i", "\u0307", "σ", "ς", "Σ"),
        *("カ", "ｶ", "ガ", "\u3099", "ﾞ", "각", "가", "\u11a8", "\u212b", "\u0301\u0323" * 20),
    ]
)
TEXTS: Final = st.lists(WORDS, min_size=1, max_size=6).map("".join)


@settings(max_examples=40)
@given(
    entries=st.lists(st.tuples(st.integers(0, 2), TEXTS), min_size=1, max_size=12),
    changes=st.lists(st.tuples(st.integers(0, 11), st.none() | st.just("^") | TEXTS), max_size=12),
    words=TEXTS.filter(str.strip),
    room=st.sampled_from((1, 100, 200, ROOM)),
)
def test_a_search_finds_what_reading_everything_finds(
    entries: list[tuple[int, str]],
    changes: list[tuple[int, str | None]],
    words: str,
    room: int,
) -> None:
    """Each entry whose present text has all the words, once, however little fits an answer.

    A client that looks through what it has read, as `--contains` does, finds the same.
    """
    memory = Path("/dev/shm")  # noqa: S108 - a fresh folder of our own in it
    folder = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else None))
    try:
        with Diaries(STORES["files"], folder / "data") as diaries:
            _write(diaries, entries, changes)
            selection = Selection(contains=tuple(words.split()), wants_all=True)
            expected = [
                each
                for row in diaries.rows()
                for each in fold(diaries.records(row.day))
                if selection.matches(DiaryEntry(each, ALICE))
            ]
            found = search(diaries, words, room=room)
            assert sorted(found, key=lambda each: each.id) == sorted(
                expected, key=lambda each: each.id
            )
            days = [each.stamp.day for each in found]
            assert days == sorted(days)
    finally:
        shutil.rmtree(folder)


def _write(
    diaries: Diaries, entries: list[tuple[int, str]], changes: list[tuple[int, str | None]]
) -> None:
    written: list[Writing] = [entry(text, at=NOON + day * A_DAY) for day, text in entries]
    diaries.store.append_batch(written)
    last: dict[EntryId, EntryId] = {}
    for number, text in changes:
        one = written[number % len(written)]
        base, own = last.get(one.id, one.id), new_id()
        if text is None:
            change = removing(one.id, base, own, day=one.day)
        elif text == "^":
            change = restoring(one.id, base, own, day=one.day)
        else:
            change = amending(one.id, text, base, own, day=one.day)
        if isinstance(diaries.change(change), Appended):
            last[one.id] = own
