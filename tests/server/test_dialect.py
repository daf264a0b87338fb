"""The plain-text dialect, as the tutorial's clients know it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaryserver.service.dialect import (
    AUTO,
    FOOTER,
    GB18030,
    HEADER,
    UTF_8,
    ClearToday,
    Keep,
    ShowToday,
    encode_day,
    encode_line,
    read_command,
    stamped,
)
from protocol.dayfile import Written
from protocol.errors import MalformedError
from protocol.identifiers import EntryId
from protocol.stamp import Stamp

SATURDAY = 1_446_292_800_000
SMALLEST_LIMIT = 128


def entry(text: str, at: int = SATURDAY) -> Written:
    """Give an entry written at `at`, in UTC."""
    return Written(Stamp(at, 0), EntryId.make(at, bytes(10)), text)


texts = st.text(
    st.characters(blacklist_categories=("Cs", "Cc")) | st.sampled_from("\n\t"), min_size=1
)


def test_a_kept_text_is_stamped_as_c_does_it() -> None:
    """The stamp is asctime's: English names, day of the month padded with a space."""
    assert stamped(entry("今天天气很好")) == "[Sat Oct 31 12:00:00 2015] 今天天气很好"
    assert stamped(entry("x", SATURDAY + 86_400_000)) == "[Sun Nov  1 12:00:00 2015] x"


def test_further_lines_of_a_text_stand_behind_a_tab() -> None:
    """No line of a text can look like an entry of its own."""
    assert stamped(entry("a\n[Sat Oct 31 12:00:00 2015] b")).splitlines()[1].startswith("\t[")


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
@pytest.mark.parametrize(
    ("word", "command"),
    [(b"-r", ShowToday()), (b"-R", ShowToday()), (b"-c", ClearToday()), (b"-C", ClearToday())],
)
def test_commands_are_whole_texts_of_either_case(
    word: bytes, command: ShowToday | ClearToday, end: bytes
) -> None:
    """`-r` and `-c`, with or without one line end, and in either case, are commands."""
    assert read_command(word + end, AUTO) == (command, UTF_8)


@pytest.mark.parametrize("text", ["-r ", " -r", "-rx", "--r", "-r\n-r", "-c\n\n", "r", "-"])
def test_what_only_begins_like_a_command_is_kept(text: str) -> None:
    """A diary entry may begin with -r."""
    command, _ = read_command(text.encode(), AUTO)
    assert command == Keep(text.removesuffix("\n"))


@pytest.mark.parametrize("data", [b"", b"\n", b"\r\n", b"\x00", b"a\x1b[31m", b"a\rb", b"\x7f"])
def test_nothing_and_control_characters_are_no_text(data: bytes) -> None:
    """Empty texts and terminal escapes are refused whole, never repaired."""
    with pytest.raises(MalformedError):
        read_command(data, AUTO)


def test_gb18030_is_understood_and_named() -> None:
    """A client on a Chinese Windows is answered in its own encoding."""
    assert read_command("你好吗".encode(GB18030), AUTO) == (Keep("你好吗"), GB18030)


def test_one_encoding_can_be_forced() -> None:
    """With `encoding = "utf-8"` other bytes are refused, with gb18030 all are read as that."""
    with pytest.raises(MalformedError):
        read_command("你好吗".encode(GB18030), UTF_8)
    assert read_command("é".encode(), GB18030)[0] == Keep("é".encode().decode(GB18030))


@given(st.binary())
def test_any_bytes_are_a_command_or_no_text(data: bytes) -> None:
    """The decoder is total."""
    try:
        command, encoding = read_command(data, AUTO)
    except MalformedError:
        return
    assert isinstance(command, ShowToday | ClearToday | Keep)
    assert encoding in {UTF_8, GB18030}


@given(texts)
def test_utf_8_comes_back_as_it_was_typed(text: str) -> None:
    """What can be read as UTF-8 is kept to the letter, but for one final line end."""
    if text in {"\n", "\r\n"} or text.lower() in {"-r", "-c"}:
        return
    assert read_command(text.encode() + b"\n", AUTO) == (Keep(text), UTF_8)


@given(st.lists(texts, max_size=30), st.integers(SMALLEST_LIMIT, 2000))
def test_a_reply_to_read_never_exceeds_its_limit(lines: list[str], limit: int) -> None:
    """Old clients call recv(1024): header and footer are always whole, newest entries win."""
    entries = [entry(text, SATURDAY + number) for number, text in enumerate(lines)]
    for encoding in (UTF_8, GB18030):
        reply = encode_day(entries, encoding, limit)
        assert len(reply) <= limit
        shown = reply.decode(encoding)
        assert shown.startswith(HEADER)
        assert shown.endswith(FOOTER)
        body = shown.removeprefix(HEADER).removesuffix(FOOTER)
        whole = "".join(stamped(one) + "\n" for one in entries)
        assert whole.endswith(body) or (entries and stamped(entries[-1]).startswith(body[:-1]))


def test_without_a_limit_everything_is_shown() -> None:
    """A telnet window gets the whole day, oldest first."""
    entries = [entry(str(number), SATURDAY + number) for number in range(500)]
    lines = encode_day(entries, UTF_8).decode().splitlines()
    assert [line[-len(str(n)) :] for n, line in enumerate(lines[1:-1])] == list(
        map(str, range(500))
    )


@given(texts, st.integers(1, 60))
def test_a_line_is_cut_at_a_character(text: str, limit: int) -> None:
    """No reply ends in half a character."""
    for encoding in (UTF_8, GB18030):
        cut = encode_line(text, encoding, limit)
        assert len(cut) <= limit
        assert text.startswith(cut.decode(encoding))
