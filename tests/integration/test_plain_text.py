"""Clients that know no cryptography, written by hand, against the real server."""

import re
import socket
import struct
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from tests.programs import Server, start_server

pytestmark = pytest.mark.measured

READ_TODAY = "----------读取日记----------\n"
END = "-" * 28
CREATED = "---创建daily.log---"
CLEARED = "---初始化完毕---!"
WELCOME = b"Welcome to the server. Type something and hit enter\r\n"
QUIET_SECONDS = 0.4


_opened: list[socket.socket] = []


@pytest.fixture(autouse=True)
def _close_sockets(request: pytest.FixtureRequest) -> Iterator[None]:
    # Before its server stops, which would wait for a reader that is none.
    if "own_plain" in request.fixturenames:
        request.getfixturevalue("own_plain")
    yield
    while _opened:
        _opened.pop().close()


def datagram_socket(host: str = "127.0.0.1", port: int = 0) -> socket.socket:
    """Give a UDP socket that is closed after the test."""
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    _opened.append(opened)
    opened.bind((host, port))
    opened.settimeout(10)
    return opened


def connection(server: Server, host: str = "127.0.0.1") -> socket.socket:
    """Give a TCP connection from `host` that is closed after the test."""
    opened = socket.create_connection(
        ("127.0.0.1", server.port), timeout=10, source_address=(host, 0)
    )
    _opened.append(opened)
    return opened


class TutorialClient:
    """The tutorial's UDP client: one socket, sendto, recv(1024)."""

    def __init__(self, server: Server, host: str = "127.0.0.1", port: int = 0) -> None:
        """Speak from `host` and `port`; port 0 is any."""
        self.socket = datagram_socket(host, port)
        self.server = ("127.0.0.1", server.port)

    def say(self, text: str | bytes, encoding: str = "utf-8") -> str:
        """Send a text and give the answer."""
        self.socket.sendto(text.encode(encoding) if isinstance(text, str) else text, self.server)
        return self.socket.recv(1024).decode(encoding)

    def gets_silence(self, text: str | bytes) -> bool:
        """Tell whether a text is left unanswered."""
        self.socket.sendto(text.encode() if isinstance(text, str) else text, self.server)
        return self.hears_nothing()

    def hears_nothing(self) -> bool:
        """Tell whether no answer comes."""
        self.socket.settimeout(QUIET_SECONDS)
        try:
            self.socket.recv(1024)
        except TimeoutError:
            return True
        return False


def stamped(answer: str) -> str:
    """Give the text behind the stamp of an answer, whose form it checks."""
    match = re.fullmatch(r"\[(.{24})\] (.*)", answer, re.DOTALL)
    assert match
    datetime.strptime(match[1], "%a %b %d %H:%M:%S %Y").replace(tzinfo=UTC)
    return match[2]


def entries(server: Server, user: str = "guest") -> list[str]:
    """Give the texts in the user's day files, as `cut` would."""
    files = server.day_files(user)
    return [line.split(" ", 3)[3] for file in files for line in file.read_text().splitlines()]


def test_the_tutorial_client_reads_and_then_writes_line_by_line(plain: Server) -> None:
    """-r first, then texts, then -r, then -c: every answer is the tutorial's, byte for byte."""
    client = TutorialClient(plain)
    assert client.say("-r") == CREATED
    assert client.say("-r") == READ_TODAY + END
    first = client.say("今天天气很好")
    second = client.say("hello\r\n")
    assert (stamped(first), stamped(second)) == ("今天天气很好", "hello")
    assert client.say("-R\n") == f"{READ_TODAY}{first}\n{second}\n{END}"
    assert client.say("-c") == CLEARED
    assert client.say("-r") == READ_TODAY + END
    assert client.say("-C\r\n") == CLEARED


def test_a_first_text_is_kept_not_lost(plain: Server) -> None:
    """The original answered a first text with "created" and lost it; ours keeps it."""
    assert stamped(TutorialClient(plain).say("first")) == "first"
    assert entries(plain) == ["first"]


def test_clear_on_a_day_without_a_diary_makes_one(plain: Server) -> None:
    """-c before anything was written says "created", and from then on there is one, empty."""
    client = TutorialClient(plain)
    assert client.say("-c") == CREATED
    assert client.say("-r") == READ_TODAY + END


def test_entries_say_that_they_came_as_plain_text_and_are_never_destroyed(plain: Server) -> None:
    """Each line carries v=legacy; after -c it lies in the archive."""
    client = TutorialClient(plain)
    client.say("kept")
    [file] = plain.day_files("guest")
    line = file.read_bytes()
    assert re.fullmatch(rb"\S{29} [0-9a-f]{32} \+,v=legacy kept\n", line)
    client.say("-c")
    assert file.read_bytes() == b""
    [archived] = (file.parent / "archive").iterdir()
    assert archived.read_bytes() == line


def test_a_text_of_several_lines_stays_one_entry(plain: Server) -> None:
    """Newlines inside a datagram neither forge an entry nor get lost."""
    client = TutorialClient(plain)
    assert stamped(client.say("a\n[Sat Oct 31 12:00:00 2015] b")) == (
        "a\n\t[Sat Oct 31 12:00:00 2015] b"
    )
    [file] = plain.day_files("guest")
    assert file.read_text().splitlines()[1] == "\t[Sat Oct 31 12:00:00 2015] b"


def test_line_ends_of_windows_are_line_ends(plain: Server) -> None:
    """CR LF within a datagram is kept as LF, a byte order mark is none of the text."""
    answer = TutorialClient(plain).say(b"\xef\xbb\xbffirst\r\nsecond\r\n")
    assert stamped(answer) == "first\n\tsecond"
    [file] = plain.day_files("guest")
    assert file.read_bytes().split(b" ", 3)[3] == b"first\n\tsecond\n"


def test_colours_are_kept_and_shown_as_escapes(plain: Server) -> None:
    """By datagram and by line; what steers a terminal reaches none."""
    client, window = TutorialClient(plain), Window(plain)
    assert stamped(client.say("\x1b[31mred\x1b[0m")) == "\\x1b[31mred\\x1b[0m"
    window.type(b"50%\r\x1b[1m99%\x07\r\n")
    assert window.line().endswith("] 50%\\x0d\\x1b[1m99%\\x07")
    assert entries(plain) == [
        "\\u{1b}[31mred\\u{1b}[0m",
        "50%\\u{d}\\u{1b}[1m99%\\u{7}",
    ]
    assert "\x1b" not in client.say("-r")


def test_replies_fit_a_recv_of_1024(plain: Server) -> None:
    """A long day shows its newest whole entries; a long text is echoed cut, but kept whole."""
    client = TutorialClient(plain)
    for number in range(40):
        client.say(f"{number:03} 一二三四五六七八九十")
    shown = client.say("-r")
    lines = shown.splitlines()
    assert len(shown.encode()) <= 1024
    assert lines[0] + "\n" == READ_TODAY
    assert lines[-1] == END
    assert lines[-2].endswith("039 一二三四五六七八九十")
    assert len(lines) > 10
    long = "长" * 5000
    echo = client.say(long)
    assert len(echo.encode()) <= 1024
    assert long.startswith(stamped(echo))
    assert entries(plain)[-1] == long


def test_gb18030_is_answered_in_gb18030(plain: Server) -> None:
    """A client on a Chinese Windows reads its own words; the file is UTF-8 all the same."""
    client = TutorialClient(plain)
    assert stamped(client.say("今天，下雨了", "gb18030")) == "今天，下雨了"
    assert entries(plain) == ["今天，下雨了"]


def test_what_is_no_text_gets_silence_and_leaves_nothing(plain: Server) -> None:
    """Nothing is stored, no file appears, and the server goes on."""
    client = TutorialClient(plain)
    for data in (b"", b"\n", b"\r\n", b"\x00", b"a\x01b", b"\xff\xff\xff"):
        client.socket.sendto(data, client.server)
    assert client.hears_nothing()
    assert plain.day_files("guest") == []
    client.socket.settimeout(10)
    assert client.say("-r") == CREATED


def test_ports_that_no_person_has_get_silence(plain: Server) -> None:
    """A source port below 1024, the tutorial's or a listen port is a forgery or a server."""
    for port in (7, 8888):
        try:
            client = TutorialClient(plain, port=port)
        except OSError:  # not root, or taken: the other one is tried
            continue
        assert client.gets_silence("-r")
    other = TutorialClient(plain, host="127.0.0.3", port=plain.port)
    assert other.gets_silence("-r")
    assert plain.day_files("guest") == []


def test_two_servers_pointed_at_each_other_soon_fall_silent(
    plain: Server, own_plain: Server
) -> None:
    """Whatever one answers is brought to the other as its client's words: a few, then nothing."""
    ends = [datagram_socket(), datagram_socket()]
    ends[0].sendto(b"-r", ("127.0.0.1", plain.port))
    assert _carry_answers_across([plain, own_plain], ends) <= 4


def _carry_answers_across(servers: list[Server], ends: list[socket.socket]) -> int:
    for carried in range(100):
        side = carried % 2
        ends[side].settimeout(QUIET_SECONDS)
        try:
            answer = ends[side].recv(2048)
        except TimeoutError:
            return carried
        ends[1 - side].sendto(answer, ("127.0.0.1", servers[1 - side].port))
    return 100


def test_only_allowed_networks_are_heard_and_routes_choose_the_diary(tmp_path: Path) -> None:
    """127.0.0.2 writes alice's diary, 127.0.0.4 is not on the list, all others are guests."""
    extra = (
        '[legacy]\nenabled = true\nuser = "guest"\nallow = ["127.0.0.0/30"]\n'
        '[[legacy.route]]\nnetwork = "127.0.0.2/32"\nuser = "alice"\n'
    )
    server = start_server(tmp_path / "server", extra=extra)
    try:
        assert stamped(TutorialClient(server, "127.0.0.2").say("from two")) == "from two"
        assert stamped(TutorialClient(server, "127.0.0.3").say("from three")) == "from three"
        assert TutorialClient(server, "127.0.0.4").gets_silence("from four")
    finally:
        server.stop()
    assert entries(server, "alice") == ["from two"]
    assert entries(server, "guest") == ["from three"]


def test_plain_text_is_off_unless_it_is_asked_for(shared: Server) -> None:
    """Without [legacy] a text gets silence, and nobody listens on TCP."""
    assert TutorialClient(shared).gets_silence("hello")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", shared.port), timeout=5)


def test_twenty_at_once_lose_nothing(plain: Server) -> None:
    """Twenty clients, ten texts each: every acknowledged text is in the file, once."""

    def write_ten(client: int) -> list[str]:
        speaker = TutorialClient(plain)
        return [stamped(speaker.say(f"{client}-{number}")) for number in range(10)]

    with ThreadPoolExecutor(20) as crowd:
        acknowledged = [text for texts in crowd.map(write_ten, range(20)) for text in texts]
    assert sorted(entries(plain)) == sorted(acknowledged)
    assert len(set(acknowledged)) == 200


class Window:
    """A telnet window."""

    def __init__(self, server: Server, welcome: bytes = WELCOME) -> None:
        """Connect and read the welcome."""
        self.socket = connection(server)
        self._unread = b""
        assert self.read(len(welcome)) == welcome

    def type(self, data: bytes) -> None:
        """Send bytes."""
        self.socket.sendall(data)

    def read(self, size: int) -> bytes:
        """Read exactly `size` bytes."""
        while len(self._unread) < size:
            self._receive()
        data, self._unread = self._unread[:size], self._unread[size:]
        return data

    def line(self) -> str:
        """Read one line, up to CR LF."""
        while b"\r\n" not in self._unread:
            self._receive()
        line, _, self._unread = self._unread.partition(b"\r\n")
        return line.decode()

    def rest(self) -> bytes:
        """Say that nothing more comes, and read what is left."""
        self.socket.shutdown(socket.SHUT_WR)
        while data := self.socket.recv(65536):
            self._unread += data
        return self._unread

    def is_closed_by(self, *pieces: bytes) -> bool:
        """Send these, and tell whether the server then closes without a word."""
        try:
            for piece in pieces:
                self.type(piece)
            return self.socket.recv(65536) == b""
        except ConnectionError:  # closed with our bytes unread
            return True

    def _receive(self) -> None:
        data = self.socket.recv(65536)
        assert data, "the server closed the connection"
        self._unread += data


def test_a_telnet_session(plain: Server) -> None:
    """Texts get a receipt with their stamped line, commands the tutorial's words, CR LF out."""
    window = Window(plain)
    window.type("你好\r\n".encode())
    answer = window.line()
    assert answer.startswith("收到！")
    line = answer[3:]
    assert stamped(line) == "你好"
    window.type(b"-r\r\0")
    assert [window.line() for _ in range(3)] == [READ_TODAY.strip(), line, END]
    window.type(b"-c\n")
    assert window.line() == CLEARED
    assert window.rest() == b""


def test_telnet_options_are_declined_and_never_kept(plain: Server) -> None:
    """A real telnet's negotiation leaves no byte in the diary."""
    window = Window(plain)
    window.type(
        bytes((255, 253, 1, 255, 251, 31, 255, 250, 31, 0, 80, 0, 24, 255, 240)) + b"hi\r\n"
    )
    assert window.read(6) == bytes((255, 252, 1, 255, 254, 31))
    assert window.line().endswith("] hi")
    assert entries(plain) == ["hi"]


def test_half_a_line_at_the_end_counts_and_a_stalled_one_is_not_kept(own_plain: Server) -> None:
    """`printf hi | nc` is an entry; a line that never ends is none, and harms nobody."""
    stalled = Window(own_plain)
    stalled.type(b"half a li")
    window = Window(own_plain)
    window.type(b"hi")
    assert window.rest().decode().endswith("] hi\r\n")
    assert entries(own_plain) == ["hi"]


def test_a_whole_day_is_shown_by_tcp(plain: Server) -> None:
    """The limit of a datagram does not hold for a stream."""
    window = Window(plain)
    for number in range(60):
        window.type(f"{number:02} {'长' * 20}\n".encode())
        window.line()
    window.type(b"-r\n")
    assert len([window.line() for _ in range(62)]) == 62


def test_a_line_too_long_is_refused_with_one_line(plain: Server) -> None:
    """A megabyte without a newline costs no memory, gets one answer, and the next line is fine."""
    window = Window(plain)
    window.type(b"first\n")
    assert window.line().endswith("] first")
    window.type(b"x" * 1_000_000 + b"\nnext\n")
    assert window.line() == "not kept: a line has at most 4096 bytes"
    assert window.line().endswith("] next")
    assert entries(plain) == ["first", "next"]


BROWSERS: Final = {
    "post": b"POST /-r HTTP/1.1\r\nHost: diary\r\nContent-Length: 8\r\n\r\nevil\n-c\n",
    "a long path": b"POST /" + b"x" * 6000 + b" HTTP/1.1\r\nX: evil\r\n\r\nevil\n-c\n-r\n",
    "a long path of an invented method": b"milk /" + b"x" * 6000 + b" HTTP/1.1\r\n\r\nevil\n",
    "an invented method": b"milk / HTTP/1.1\r\n\r\nevil\n",
    "a preflight": b"OPTIONS / HTTP/1.1\r\nOrigin: http://evil.test\r\n\r\n",
    "all of the server": b"OPTIONS * HTTP/1.1\r\n\r\n",
    "websocket": b"GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\nevil\n",
    "by a proxy": b"GET http://127.0.0.1:8888/ HTTP/1.1\r\n\r\nevil\n",
    "through a proxy": b"CONNECT 127.0.0.1:8888 HTTP/1.1\r\n\r\nevil\n",
    "http 1.0": b"GET / HTTP/1.0\r\n\r\n",
    "http 0.9": b"GET /\r\nevil\r\n",
    "behind empty lines": b"\r\n\nGET / HTTP/1.0\r\n\r\n",
    "http 2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "tls": bytes.fromhex("16030100a5010000a1") + b"\nevil\n",
    "ssh": b"SSH-2.0-OpenSSH_9.2\r\nevil\r\n",
    "turn": bytes.fromhex("000300082112a442") + b"\nevil\n",
    "nothing but a long line": b"x" * 4097 + b"\nevil\n",
}
"""What comes from a browser, or from a program that dialled the wrong port."""


@pytest.mark.parametrize("name", BROWSERS)
def test_web_pages_and_tls_write_nothing(plain: Server, name: str) -> None:
    """Nothing is kept, nothing answered, no command obeyed: in one piece, or as it trickles in."""
    opening = BROWSERS[name]
    assert Window(plain).is_closed_by(opening)
    assert Window(plain).is_closed_by(opening[:1], opening[1:7], opening[7:])
    assert plain.day_files("guest") == []


def test_a_text_that_resembles_a_request_is_kept(plain: Server) -> None:
    """As the first line of a conversation, and when its beginning comes alone."""
    texts = ["POST office at 5", "GET milk", "OPTIONS: tea", "read https://diary.example.org/"]
    for text in texts:
        window = Window(plain)
        for piece in (text[:3], text[3:6], text[6:] + "\r\n"):
            window.type(piece.encode())
        assert window.line().endswith(f"] {text}")
    assert entries(plain) == texts


@pytest.mark.parametrize(
    "datagram",
    [
        "000100002112a442" + "61" * 12,
        "000300082112a442" + "61" * 12 + "0019000411000000",
        "c00000000108" + "61" * 8 + "00" + "61" * 1180,
        "c3fafafafa08" + "61" * 8 + "00" + "61" * 1180,
        "8a00000000" + "61" * 40,
        "16fefd0000000000000000" + "0060" + "61" * 96,
    ],
    ids=["stun", "turn", "quic", "quic of no version", "quic's versions", "dtls"],
)
def test_what_a_browser_sends_by_udp_gets_silence(plain: Server, datagram: str) -> None:
    """WebRTC and WebTransport reach any port; nothing is kept."""
    assert TutorialClient(plain).gets_silence(bytes.fromhex(datagram))
    assert plain.day_files("guest") == []


def test_what_is_foreign_or_breaks_off_is_a_number_in_the_log(own_plain: Server) -> None:
    """In the line of the next report, however many there were, and no traceback."""
    for _ in range(3):
        assert Window(own_plain).is_closed_by(b"GET / HTTP/1.1\r\n\r\n")
    client = TutorialClient(own_plain)
    assert client.gets_silence(bytes.fromhex("000100002112a442" + "61" * 12))
    window = Window(own_plain)
    linger = struct.pack("ii", 1, 0)
    window.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    window.socket.close()
    assert stamped(client.say("still here")) == "still here"
    assert own_plain.stop() == 0
    counted: Counter[str] = Counter()
    for reason, number in re.findall(r"([a-z-]+)=([0-9]+)", own_plain.log):
        counted[reason] += int(number)
    assert counted == {"connection-lost": 1, "plain-text-foreign": 4}
    assert all(line.startswith("diaryserver: ") for line in own_plain.log.splitlines())


def test_one_address_has_so_many_windows_and_others_still_get_in(own_plain: Server) -> None:
    """A ninth connection of one address is closed; another address is not affected."""
    windows = [Window(own_plain) for _ in range(8)]
    assert connection(own_plain).recv(100) == b""
    assert connection(own_plain, "127.0.0.2").recv(100) == WELCOME
    windows[0].type(b"still here\n")
    assert windows[0].line().endswith("] still here")


def test_a_peer_that_floods_and_never_reads_harms_nobody(own_plain: Server) -> None:
    """Its lines wait in its own buffers; somebody else is answered as ever."""
    flooder = connection(own_plain)
    flooder.settimeout(0.5)
    try:
        for _ in range(400):
            flooder.sendall(b"-r\n" * 4000)
    except TimeoutError:
        pass  # our own buffer is full at last: that is the promise
    assert stamped(TutorialClient(own_plain).say("calm")) == "calm"


def test_what_was_typed_before_a_stop_is_kept(own_plain: Server) -> None:
    """SIGTERM answers the lines that have arrived, and keeps no half line."""
    window = Window(own_plain)
    window.type(b"whole\n")
    assert window.line().endswith("] whole")
    window.type(b"half a li")
    assert own_plain.stop() == 0
    assert entries(own_plain) == ["whole"]


def test_the_guest_of_the_configuration_can_be_invited(own_plain: Server) -> None:
    """A user whom the configuration made for plain text gets an invite, and keeps the diary."""
    TutorialClient(own_plain).say("kept")
    assert own_plain.invite("guest").startswith("diaryinvite1")
    assert own_plain.invite("guest").startswith("diaryinvite1")
    assert entries(own_plain) == ["kept"]
