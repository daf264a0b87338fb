"""What opens like another protocol, and what only resembles one."""

from typing import Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from diaryserver.net.line_stream import MAX_LINE, TelnetDecoder
from diaryserver.net.opening import Opening
from diaryserver.service.plain.foreign import is_foreign, is_foreign_datagram

OPENINGS: Final = [
    (b"GET /", b"-r HTTP/1.1\r\nHost: diary\r\n\r\n"),
    (b"POST /", b"x" * 5000 + b" HTTP/1.1\r\n\r\nevil\r\n-c\r\n"),
    (b"GET http:/", b"/127.0.0.1:8888/ HTTP/1.1\r\n"),
    (b"DELETE ws:/", b"/127.0.0.1/ HTTP/1.1\r\n"),
    (b"OPTIONS *", b" HTTP/1.1\r\n"),
    (b"OPTIONS /", b" HTTP/1.1\r\n"),
    (b"CONNECT diary:8", b"888 HTTP/1.1\r\n"),
    (b"CONNECT [::1", b"]:8888 HTTP/1.1\r\n"),
    (b"PRI *", b" HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    (b"SSH-2.", b"0-OpenSSH_9.2\r\n"),
    (b"\x16", bytes.fromhex("03010200010001fc0303")),
    (b"\x80\x2e\x01", bytes.fromhex("0002001500000010010080")),
    (b"\x00", b"\x03\x00\x08\x21\x12\xa4\x42"),
    (b"\x01", b"\x04\x00\x01\x00\xf0\x21\x12\xa4\x42"),
]
"""Up to where each is known, and how it goes on; the last two are STUN over TCP, of WebRTC."""

WHOLE: Final = [b"milk /-r HTTP/1.1", b"PROPFIND /days HTTP/1.0", b"M-SEARCH * HTTP/1.1"]

TEXTS: Final = [
    "POST office at 5",
    "GET milk",
    "GET 3/4 of the flour",
    "see http://diary.example.org/",
    "TODO /etc/hosts",
    "OPTIONS: tea, coffee",
    "CONNECT the dots",
    "PRIME numbers",
    "SSH-keys renewed",
    "HEAD of state",
    "read RFC 9112, HTTP/1.1",
    "/ divides",
    "-r",
    "\x1b[31mred\x1b[0m",
    "去 / 回",
    "Été",
]


def kept(stream: bytes, cuts: list[int]) -> list[bytes | None] | None:
    """Give the lines of a conversation that comes in these pieces; None if it is closed."""
    decoder, opening = TelnetDecoder(), Opening()
    found: list[bytes | None] = []
    for cut in [*cuts, len(stream)]:
        piece, stream = stream[:cut], stream[cut:]
        lines = decoder.feed(piece)
        if opening.is_foreign(lines, decoder.unfinished()):
            assert not any(found)
            return None
        found += lines
    lines = decoder.finish()
    return None if opening.is_foreign(lines, decoder.unfinished()) else found + lines


@pytest.mark.parametrize(("known", "rest"), OPENINGS)
def test_what_a_browser_or_another_program_opens_with_is_known_at_once(
    known: bytes, rest: bytes
) -> None:
    """With that byte, not before, and whatever follows."""
    for end in range(len(known)):
        assert is_foreign(known[:end], is_whole=False) is None
    for end in range(len(rest)):
        assert is_foreign(known + rest[:end], is_whole=False) is True
    assert kept(known + rest, []) is None
    assert kept(b"\r\n\n" + known + rest, []) is None


@pytest.mark.parametrize("line", WHOLE)
def test_a_request_of_another_method_is_known_at_the_end_of_its_line(line: bytes) -> None:
    """A page may name any method for a server that is its own by name."""
    assert is_foreign(line, is_whole=False) is None
    assert is_foreign(line, is_whole=True) is True
    assert kept(line + b"\r\nHost: diary\r\n\r\n-c\r\n", []) is None


@pytest.mark.parametrize("text", TEXTS)
def test_what_only_resembles_one_is_a_text(text: str) -> None:
    """People write of post offices, too."""
    line = text.encode()
    for end in range(len(line)):
        assert is_foreign(line[:end], is_whole=False) is None
    assert is_foreign(line, is_whole=True) is False
    assert kept(line + b"\r\n-r\n", []) == [line, b"-r"]


def test_only_the_first_line_decides() -> None:
    """Later ones are a person's, who may paste a request, or a line that is too long."""
    stream = b"hi\nGET / HTTP/1.1\n\x01\n" + b"x" * (MAX_LINE + 1) + b"\nbye"
    assert kept(stream, []) == [b"hi", b"GET / HTTP/1.1", b"\x01", None, b"bye"]


def test_a_first_line_that_is_too_long_is_nobodys() -> None:
    """It is closed with the byte that is too much: no program's request is waited for."""
    decoder, opening = TelnetDecoder(), Opening()
    assert not opening.is_foreign(decoder.feed(b"x" * MAX_LINE), decoder.unfinished())
    assert opening.is_foreign(decoder.feed(b"x"), decoder.unfinished())


lines_of_text = st.sampled_from(TEXTS).map(str.encode)
foreign_lines = st.sampled_from([*map(b"".join, OPENINGS), *WHOLE])
noise = st.binary(max_size=30) | st.sampled_from([b"\r\n", b"\n", b"\r\0", b"\xff\xfd\x01", b" /"])
streams = st.lists(lines_of_text | foreign_lines | noise, max_size=6).map(b"".join)


@given(streams, st.lists(st.integers(0, 40), max_size=30))
@example(b"POST / HTTP/1.1\r\n", [1] * 20)
@example(b"\n" + b"x" * (MAX_LINE + 1), [MAX_LINE, 1])
def test_how_the_network_cuts_it_makes_no_difference(stream: bytes, cuts: list[int]) -> None:
    """Closed, having kept nothing, or the same lines: whatever pieces it comes in."""
    assert kept(stream, cuts) == kept(stream, [])


@given(streams | st.binary())
def test_what_is_decided_stays_so(data: bytes) -> None:
    """Over all beginnings of a line: nothing raises, true stays true, and its end decides."""
    line = data.partition(b"\n")[0]
    answers = [is_foreign(line[:end], is_whole=False) for end in range(len(line) + 1)]
    assert set(answers) <= {None, True}
    assert answers == sorted(answers, key=bool)
    whole = is_foreign(line, is_whole=True)
    assert whole is not None
    assert whole or answers[-1] is None


DATAGRAMS: Final = {
    "stun": "000100002112a442" + "00" * 12,
    "stun with a long name": "00010200" + "2112a442" + "61" * 524,
    "turn": "000300082112a442" + "00" * 12 + "0019000411000000",
    "stun's answer": "010100002112a442" + "00" * 12,
    "quic": "c00000000108" + "61" * 8 + "00" + "61" * 1180,
    "quic without ids": "c3000000010000" + "61" * 1190,
    "quic 2": "d36b3343cf08" + "61" * 8 + "08" + "61" * 1180,
    "quic, a draft": "c0ff00001d08" + "61" * 8 + "00" + "61" * 1180,
    "quic, reserved": "c31a2a3a4a08" + "61" * 8 + "00" + "61" * 1180,
    "quic, all reserved": "c3fafafafa14" + "61" * 20 + "14" + "61" * 1180,
    "quic of Google's": "c35130353008" + "61" * 8 + "00" + "61" * 1180,
    "quic's versions": "8a00000000" + "ff" * 40,
    "dtls 1.2": "16fefd0000000000000000" + "0060" + "61" * 96,
    "dtls 1.0": "16feff0000000000000000" + "0060" + "61" * 96,
    "a dtls alert": "15fefd000000000000000000020228",
}


@pytest.mark.parametrize("name", DATAGRAMS)
def test_what_a_browser_sends_by_udp_is_known(name: str) -> None:
    """WebRTC's and WebTransport's first packets, by what is constant in them."""
    assert is_foreign_datagram(bytes.fromhex(DATAGRAMS[name]))


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "big5", "shift_jis", "latin-1"])
@given(text=st.text(st.characters(exclude_categories=["Cs", "Cc"])), first=st.sampled_from(TEXTS))
def test_no_text_is_taken_for_that(encoding: str, text: str, first: str) -> None:
    """In any language, and in the encodings in which it is sent."""
    assert not is_foreign_datagram((text or first).encode(encoding, "ignore"))
    assert not is_foreign_datagram((first + text).encode(encoding, "ignore"))


@given(st.binary(max_size=60))
def test_any_datagram_can_be_looked_at(data: bytes) -> None:
    """However short: true or false, never a failure."""
    assert is_foreign_datagram(data) in {True, False}
