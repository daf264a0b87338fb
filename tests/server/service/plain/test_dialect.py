"""The plain-text dialect, as the tutorial's clients know it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaryserver.service.plain.dialect import (
    FOOTER,
    HEADER,
    ClearToday,
    Keep,
    ShowToday,
    encode_day,
    encode_line,
    is_echo,
    no_room,
    read_command,
    stamped,
)
from diaryserver.service.plain.encodings import AUTO, GB18030, UTF_8
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
).filter(str.strip)


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


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"\r",
        b"\r\n",
        b"\xef\xbb\xbf",
        b" \t\r\n\n",
        "\u3000".encode(),
        b"\x00",
        b"a\x00b",
        b"a\x01",
        b"\x7fELF\x02",
    ],
)
def test_nothing_and_what_only_programs_send_is_no_text(data: bytes) -> None:
    """Blank texts and the controls of binary data are refused whole, never repaired."""
    with pytest.raises(MalformedError):
        read_command(data, AUTO)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"one\r\ntwo\r\n", "one\ntwo"),
        (b"one\ntwo\r", "one\ntwo"),
        (b"\r\n\r\none", "\n\none"),
        (b"\xef\xbb\xbfmarked", "marked"),
        (b"10%\r99%", "10%\r99%"),
        (b"\x1b[31mred\x1b[0m\x07", "\x1b[31mred\x1b[0m\x07"),
        ("\x9b1m \x7f".encode(), "\x9b1m \x7f"),
    ],
)
def test_line_ends_are_one_and_what_terminals_and_logs_have_is_kept(data: bytes, text: str) -> None:
    """CR LF is LF, a byte order mark is none of the text, the rest is kept to the letter."""
    assert read_command(data, AUTO) == (Keep(text), UTF_8)


def test_no_control_reaches_a_terminal() -> None:
    """Whoever wrote the text, over whatever way, and however a day is read."""
    controls = "".join(map(chr, [*range(9), *range(11, 32), *range(127, 160)]))
    shown = stamped(entry(f"a{controls}\r\nb\tc"))
    assert shown.endswith("\n\tb\tc")
    assert not set(shown) & set(controls)
    assert "\\x1b" in shown
    assert not set(encode_day([entry(controls)], UTF_8).decode()) & set(controls)


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
    """What can be read as UTF-8 is kept to the letter, but for a mark and one final line end."""
    if text.startswith("\ufeff") or text.lower() in {"-r", "-c"}:
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


@pytest.mark.parametrize("encoding", ["latin-1", "big5", "shift_jis", UTF_8, GB18030])
@pytest.mark.parametrize("reader", ["latin-1", "big5", "shift_jis", UTF_8, GB18030, "cp1251"])
@pytest.mark.parametrize(
    "reason", ["this day is full: 9 of 9 entries", "x is full: 1.5 MiB of 2 MiB"]
)
def test_the_answer_of_a_full_diary_is_known_in_any_encoding(
    encoding: str, reader: str, reason: str
) -> None:
    """Two servers of different encodings do not send it to and fro for ever."""
    answer = encode_line(no_room(reason), encoding)
    try:
        command, _ = read_command(answer, reader)
    except MalformedError:
        return
    assert isinstance(command, Keep)
    assert is_echo(command.text)
    assert is_echo(f"[Sat Oct 31 12:00:00 2015] {command.text}")


@pytest.mark.parametrize(
    "text", ["--- fridge ---\nit is full: milk", "[Sat Oct 31 12:00:00 2015] pasted", "---\n---"]
)
def test_what_a_person_writes_is_no_echo(text: str) -> None:
    """However much it looks like an answer."""
    assert not is_echo(text)


@given(texts, st.integers(1, 60))
def test_a_line_is_cut_at_a_character(text: str, limit: int) -> None:
    """No reply ends in half a character."""
    for encoding in (UTF_8, GB18030):
        cut = encode_line(text, encoding, limit)
        assert len(cut) <= limit
        assert text.startswith(cut.decode(encoding))
