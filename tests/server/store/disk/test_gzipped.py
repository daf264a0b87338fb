"""A day's text in gzip: what is written, what is read, and how much of it."""

import gzip
import io
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaryserver.service.quotas import MAX_DAY_BYTES
from diaryserver.store.disk.gzipped import (
    MAX_DECOMPRESSED_BYTES,
    MAX_MEMBERS,
    PIECE_BYTES,
    DamagedFileError,
    compress,
    decompress,
    decompress_in_pieces,
    text_size,
)
from diaryserver.store.disk.texts import RememberedTexts
from tests.server.store_contract import ALICE, BOB, TODAY, TOMORROW

TEXT = b"2026-11-22T12:00:00.000+00:00 and so on\n" * 9


def read(data: bytes) -> bytes:
    """Decompress."""
    return decompress(io.BytesIO(data), "day.log.gz")


@given(st.binary(max_size=300).map(lambda data: data * 7))
def test_what_is_compressed_is_read_back_and_python_reads_it_too(text: bytes) -> None:
    """One member; the same bytes for the same text, without a name and a time."""
    data = compress(text)
    assert read(data) == gzip.decompress(data) == text
    assert data == compress(text)
    assert data[:8] == b"\x1f\x8b\x08\x00\x00\x00\x00\x00"


def test_what_a_hand_compressed_is_read() -> None:
    """With a name and a time in its header, in several members, padded as tapes pad."""
    named = io.BytesIO()
    with gzip.GzipFile("2026-11-22.log", "wb", 1, named, 1_700_000_000) as file:
        file.write(TEXT)
    assert read(named.getvalue()) == TEXT
    assert read(named.getvalue() + compress(b"more\n") + bytes(512)) == TEXT + b"more\n"


def test_a_long_text_is_read_in_pieces() -> None:
    """However far it is compressed, and in whichever members it comes."""
    for text in (bytes(3 * PIECE_BYTES), os.urandom(2 * PIECE_BYTES + 1), b"\n" * PIECE_BYTES):
        data = compress(text) + compress(text[:9])
        pieces = decompress_in_pieces(io.BytesIO(data), "day.log.gz")
        assert sum(1 for _ in pieces) >= len(text) // PIECE_BYTES + 1
        assert read(data) == text + text[:9]


@given(st.binary(max_size=60), st.integers(0, len(compress(TEXT))), st.integers(0, 60))
def test_any_bytes_are_gzip_or_damaged(junk: bytes, start: int, cut: int) -> None:
    """Cut off, written over, or never gzip: no other error, and no text but what gzip reads."""
    whole = compress(TEXT)
    for data in (junk, whole[:start] + junk, whole[:start] + junk + whole[start + cut :]):
        try:
            text = read(data)
        except DamagedFileError:
            continue
        assert text == gzip.decompress(data)


def test_what_is_cut_off_anywhere_is_damaged() -> None:
    """No byte less than all of it will do; the error names the file and what to do."""
    whole = compress(TEXT)
    for end in range(len(whole)):
        with pytest.raises(DamagedFileError, match=r"^\[Errno None\] day.log.gz .* from a backup$"):
            read(whole[:end])


def test_no_more_is_decompressed_than_a_day_may_have() -> None:
    """A few KiB of planted bytes do not fill the memory, in one member or in many."""
    assert MAX_DECOMPRESSED_BYTES >= MAX_DAY_BYTES
    piece = compress(bytes(2**20))
    assert len(read(piece * 32)) == MAX_DECOMPRESSED_BYTES
    for bomb in (piece * 32 + compress(b"x"), compress(bytes(MAX_DECOMPRESSED_BYTES + 1))):
        with pytest.raises(DamagedFileError, match="more than 32 MiB; gunzip it by hand"):
            read(bomb)
    with pytest.raises(DamagedFileError, match="members"):
        read(compress(b"") * (MAX_MEMBERS + 1))
    assert read(compress(b"x") * MAX_MEMBERS) == b"x" * MAX_MEMBERS


def test_the_memory_of_texts_is_bounded(tmp_path: Path) -> None:
    """The least recently used goes first; a text that is longer stays while it is the only one."""
    status = tmp_path.stat()
    texts = RememberedTexts(max_bytes=10)
    texts.keep(ALICE, TODAY, status, b"12345")
    texts.keep(ALICE, TOMORROW, status, b"1234")
    assert texts.find(ALICE, TODAY, status) == b"12345"
    texts.keep(BOB, TODAY, status, b"123")
    assert texts.find(ALICE, TOMORROW, status) is None
    assert texts.find(ALICE, TODAY, status) == b"12345"
    texts.keep(BOB, TODAY, status, bytes(20))
    assert texts.find(ALICE, TODAY, status) is None
    assert texts.find(BOB, TODAY, status) == bytes(20)
    texts.forget_user(BOB)
    assert texts.find(BOB, TODAY, status) is None


def test_a_text_is_remembered_for_the_file_it_came_from(tmp_path: Path) -> None:
    """Not for another one of that name, nor for one that was changed."""
    texts = RememberedTexts()
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(b"1")
    other.write_bytes(b"12")
    texts.keep(ALICE, TODAY, one.stat(), b"text")
    assert texts.find(ALICE, TODAY, other.stat()) is None
    assert texts.find(ALICE, TODAY, one.stat()) == b"text"


@given(st.binary(max_size=3000))
def test_the_trailer_says_how_long_the_text_is(text: bytes) -> None:
    """So nothing is decompressed to measure a diary."""
    assert text_size(io.BytesIO(compress(text))) == len(text)


@given(st.binary(max_size=30))
def test_what_is_no_gzip_is_never_longer_than_is_read(data: bytes) -> None:
    """Whatever stands where a trailer should."""
    assert 0 <= text_size(io.BytesIO(data)) <= MAX_DECOMPRESSED_BYTES
