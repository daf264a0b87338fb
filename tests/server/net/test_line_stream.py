"""Lines out of a telnet stream."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaryserver.net.line_stream import MAX_LINE, MAX_REPLIES, TelnetDecoder

IAC, DONT, DO, WONT, WILL, SB, SE, NOP = 255, 254, 253, 252, 251, 250, 240, 241


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r\0"])
def test_every_line_end_of_telnet_ends_a_line(end: bytes) -> None:
    """LF, CR LF and CR NUL each end one line and leave nothing behind."""
    decoder = TelnetDecoder()
    assert decoder.feed(b"one" + end + b"two" + end) == [b"one", b"two"]
    assert decoder.finish() == []


def test_a_last_line_without_an_end_counts() -> None:
    """`printf hi | nc` writes an entry."""
    decoder = TelnetDecoder()
    assert decoder.feed(b"hi") == []
    assert decoder.finish() == [b"hi"]


def test_options_are_declined_once_and_leave_no_trace() -> None:
    """DO gets WONT, WILL gets DONT, a repetition gets nothing, and the text stays clean."""
    decoder = TelnetDecoder()
    stream = bytes((IAC, DO, 1, 104, IAC, WILL, 3, 105, IAC, DO, 1, IAC, NOP, 10))
    assert decoder.feed(stream) == [b"hi"]
    assert decoder.replies() == bytes((IAC, WONT, 1, IAC, DONT, 3))
    assert decoder.replies() == b""


def test_refusals_are_never_answered() -> None:
    """WONT and DONT get no answer, or two polite peers would talk for ever."""
    decoder = TelnetDecoder()
    assert decoder.feed(bytes((IAC, WONT, 1, IAC, DONT, 3, 97, 10))) == [b"a"]
    assert decoder.replies() == b""


def test_a_subnegotiation_is_skipped_whole() -> None:
    """Bytes between IAC SB and IAC SE are never text, line ends among them too."""
    decoder = TelnetDecoder()
    assert decoder.feed(bytes((97, IAC, SB, 24, 10, IAC, IAC, 98, IAC, SE, 99, 10))) == [b"ac"]


def test_a_doubled_iac_is_the_byte_255() -> None:
    """RFC 854: data byte 255 is sent twice."""
    assert TelnetDecoder().feed(bytes((97, IAC, IAC, 10))) == [b"a\xff"]


def test_a_line_too_long_is_reported_once_and_does_not_touch_the_next() -> None:
    """The longest line passes; one byte more is refused as a whole, never cut, never split."""
    decoder = TelnetDecoder()
    assert decoder.feed(b"x" * MAX_LINE + b"\n") == [b"x" * MAX_LINE]
    assert decoder.feed(b"x" * (MAX_LINE + 1) + b"\n") == [None]
    assert decoder.feed(b"y\n") == [b"y"]
    decoder.feed(b"x" * (10 * MAX_LINE))
    assert decoder.finish() == [None]


def test_a_flood_of_options_is_answered_so_often_and_no_more() -> None:
    """However many options a peer names, the answers stay bounded."""
    decoder = TelnetDecoder()
    for option in range(256):
        decoder.feed(bytes((IAC, DO, option % 255, IAC, WILL, option % 255)))
    assert len(decoder.replies()) == 3 * MAX_REPLIES


@given(st.binary(max_size=400), st.lists(st.integers(1, 50), max_size=30))
def test_how_the_stream_is_cut_makes_no_difference(data: bytes, cuts: list[int]) -> None:
    """TCP may deliver any pieces: lines and replies are the same; nothing raises."""
    whole, pieces = TelnetDecoder(), TelnetDecoder()
    expected = whole.feed(data) + whole.finish()
    found: list[bytes | None] = []
    rest = data
    for cut in cuts:
        found += pieces.feed(rest[:cut])
        rest = rest[cut:]
    found += pieces.feed(rest) + pieces.finish()
    assert found == expected
    assert pieces.replies() == whole.replies()


@given(st.lists(st.binary(max_size=40).filter(lambda line: not set(line) & {10, 13, 255})))
def test_plain_lines_come_out_as_they_went_in(lines: list[bytes]) -> None:
    """Whatever a line holds but line ends and IAC, it is not changed."""
    assert TelnetDecoder().feed(b"".join(line + b"\r\n" for line in lines)) == lines
