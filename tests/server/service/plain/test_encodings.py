"""Every text encoding of Python's, and none of its other codecs."""

import encodings as pythons
import pkgutil
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaryserver.net.line_stream import TelnetDecoder
from diaryserver.service.plain.dialect import (
    FOOTER,
    Keep,
    ShowToday,
    encode_day,
    encode_line,
    least_limit,
    read_command,
)
from diaryserver.service.plain.encodings import AUTO, GB18030, encode, has_plain_lines, named
from protocol.dayfile import Written
from protocol.errors import MalformedError
from protocol.identifiers import EntryId
from protocol.stamp import Stamp

SATURDAY: Final = 1_446_292_800_000
NO_TEXT: Final = frozenset(
    {
        "aliases",
        "base64_codec",
        "bz2_codec",
        "charmap",
        "hex_codec",
        "hz",
        "idna",
        "mbcs",
        "oem",
        "punycode",
        "quopri_codec",
        "raw_unicode_escape",
        "rot_13",
        "undefined",
        "unicode_escape",
        "uu_codec",
        "zlib_codec",
    }
)
"""Modules of Python's `encodings` that name no encoding of text, or one of another system."""

PYTHONS: Final = sorted(each.name for each in pkgutil.iter_modules(pythons.__path__))
ALL: Final = sorted(set(PYTHONS) - NO_TEXT)
PLANE: Final = "".join(chr(code) for code in range(0x10000) if not 0xD800 <= code < 0xE000)

texts = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n\t读é\\"), min_size=1
)


def entry(text: str) -> Written:
    """Give an entry."""
    return Written(Stamp(SATURDAY, 0), EntryId.make(SATURDAY, bytes(10)), text)


def as_shown(character: str, encoding: str) -> str:
    """Give a character, or the escape that stands for it."""
    try:
        return character.encode(encoding).decode(encoding)
    except UnicodeEncodeError:
        return character.encode("ascii", "backslashreplace").decode()


def test_every_text_encoding_can_be_named_and_nothing_else() -> None:
    """By any of its names; a codec that is no encoding of text is a mistake."""
    assert len(ALL) > 90
    for name in ALL:
        assert named(named(name)) == named(name)
    for name in NO_TEXT | {"", "utf-9", "a\0b", "../utf_8", "x" * 10_000, "电池", "rot13", "hex"}:
        with pytest.raises(ValueError, match='write "auto", or a text encoding'):
            named(name)
    assert (named(AUTO), named("Shift-JIS"), named("EUC-JP")) == (AUTO, "shift_jis", "euc_jp")
    assert named("UTF-16LE") == "utf-16-le"


@pytest.mark.parametrize("encoding", ALL)
def test_commands_and_texts_are_understood_in_it_and_answered_in_it(encoding: str) -> None:
    """What it can write comes back to the letter; what it cannot is an escape to be seen."""
    text = encode(f"day, {PLANE[0x20:0x7F]} 日記 Дневник é", encoding).decode(encoding)
    assert read_command(text.encode(encoding), encoding) == (Keep(text), encoding)
    assert read_command("-R\r\n".encode(encoding), encoding) == (ShowToday(), encoding)
    answer = "收到：读取 😀 é"
    shown = encode_line(answer, encoding).decode(encoding)
    assert shown == "".join(as_shown(character, encoding) for character in answer)
    shown = encode_day([entry(text), entry("😀")], encoding).decode(encoding)
    assert f"] {text}\n" in shown
    assert shown.endswith(f"] {as_shown('😀', encoding)}\n{FOOTER}")


@pytest.mark.parametrize("encoding", ALL)
@given(lines=st.lists(texts, max_size=8), limit=st.integers(128, 600))
def test_a_reply_never_exceeds_its_limit(encoding: str, lines: list[str], limit: int) -> None:
    """Also where characters have states, marks or escapes; and it can always be read."""
    written = [entry(text) for text in lines]
    limit = max(limit, least_limit(encoding))
    for reply in (
        encode_day(written, encoding, limit),
        encode_line("".join(lines), encoding, limit),
    ):
        assert len(reply) <= limit
        reply.decode(encoding)


@pytest.mark.parametrize("encoding", ALL)
@given(data=st.binary(max_size=80))
def test_any_bytes_are_a_text_that_can_be_stored_or_none(encoding: str, data: bytes) -> None:
    """The decoder is total, and no half of a surrogate pair gets in."""
    try:
        command, _ = read_command(data, encoding)
    except MalformedError:
        return
    if isinstance(command, Keep):
        command.text.encode()


@pytest.mark.parametrize("encoding", ALL)
def test_lines_can_be_cut_by_bytes_where_that_is_said(encoding: str) -> None:
    """CR and LF are bytes of their own, in no other character."""
    if not has_plain_lines(encoding):
        assert "\r\n".encode(encoding) != b"\r\n"
        return
    rest = PLANE.replace("\r", "").replace("\n", "").encode(encoding, "ignore")
    assert not {b"\r"[0], b"\n"[0]} & set(rest)
    stream = b"".join(f"{text}\r\n".encode(encoding) for text in ("one", "two"))
    assert TelnetDecoder().feed(stream) == [text.encode(encoding) for text in ("one", "two")]


def test_auto_reads_utf_8_and_else_gb18030() -> None:
    """Which is why other encodings come out as other characters: they have to be named."""
    assert read_command("日記".encode(), AUTO)[0] == Keep("日記")
    assert read_command("日记".encode(GB18030), AUTO)[0] == Keep("日记")
    for encoding in ("big5", "shift_jis", "euc_jp"):
        data = "日本語".encode(encoding, "ignore")
        assert read_command(data, AUTO)[0] != Keep("日本語")
        assert read_command("日本".encode(encoding), encoding)[0] == Keep("日本")
