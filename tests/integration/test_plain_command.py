"""`diaryclient plain`: the tutorial's client as a command, against the real server."""

import re
import socket
from collections.abc import Iterator
from functools import partial

import pytest

from diaryclient.cli import main
from diaryclient.clock import Instant, SystemClock
from tests.in_process import run_in_process
from tests.programs import Home, Server
from tests.terminals import Terminal

WARNING = "plain text: neither private nor authentic\n"
STAMP = r"\[\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}\]"


def test_a_text_is_one_datagram_and_its_answer(plain: Server, home: Home) -> None:
    """The words are joined; `--` may stand before them; no login is needed."""
    done = home.client("plain", plain.address, "今天", "天气很好")
    assert (done.status, done.err) == (0, WARNING)
    assert re.fullmatch(rf"{STAMP} 今天 天气很好\n", done.out)
    assert re.fullmatch(rf"{STAMP} -x\n", home.speak("plain", plain.address, "--", "-x").out)
    done = home.speak("plain", plain.address, "-r")
    assert re.fullmatch(
        rf"-{{10}}读取日记-{{10}}\n{STAMP} 今天 天气很好\n{STAMP} -x\n-{{28}}\n", done.out
    )
    assert home.speak("plain", plain.address, "-c").out == "---初始化完毕---!\n"


def test_lines_from_a_pipe(plain: Server, home: Home) -> None:
    """-r first, then each line that is not empty, each answered."""
    done = home.speak("plain", plain.address, stdin="one\n\ntwo\r\n-R\n")
    assert (done.status, done.err) == (0, WARNING)
    assert re.fullmatch(
        rf"---创建daily.log---\n{STAMP} one\n{STAMP} two\n"
        rf"-+读取日记-+\n{STAMP} one\n{STAMP} two\n-{{28}}\n",
        done.out,
    )


@pytest.mark.parametrize("columns", [80, 40])
def test_a_session_at_a_terminal(plain: Server, home: Home, columns: int) -> None:
    """A prompt, an answer for each line; Ctrl-D leaves."""
    terminal = Terminal(home, "plain", plain.address, columns=columns)
    try:
        terminal.sees("neither private nor authentic")
        terminal.sees("---创建daily.log---")
        terminal.sees("> ")
        terminal.type("你好")
        terminal.sees_match(rf"({STAMP}) 你好\r\n")
        terminal.sees("> ")
        assert terminal.leave() == 0
    finally:
        terminal.close()
    assert terminal.output.count("neither private") == 1


def test_ctrl_c_ends_a_session(plain: Server, home: Home) -> None:
    """Exit 130, as everywhere."""
    terminal = Terminal(home, "plain", plain.address)
    try:
        terminal.sees("> ")
        terminal.interrupt()
        terminal.sees("interrupted")
        assert terminal.wait() == 130
    finally:
        terminal.close()


@pytest.fixture
def stranger() -> Iterator[socket.socket]:
    """A UDP socket that answers as a test says, or not at all."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        bound.settimeout(20)
        yield bound


class HurriedClock(SystemClock):
    """Each look at it is 5.9 s after the one before, so that nobody waits for long."""

    def __init__(self) -> None:
        """Nobody has looked yet."""
        self._looks = 0

    def instant(self) -> Instant:
        """As Clock."""
        self._looks += 1
        wall, monotonic = super().instant()
        return Instant(wall, monotonic + 5.9 * self._looks)


def test_silence_is_told_and_nothing_is_sent_twice(home: Home, stranger: socket.socket) -> None:
    """Exit 4: a plain text has no id, so that sending it again could keep it twice."""
    address = f"127.0.0.1:{stranger.getsockname()[1]}"
    words = ["plain", address, "a text"]
    done = run_in_process(partial(main, words, home.env, HurriedClock()), "never sent\n")
    assert (done.status, done.out) == (4, "")
    assert done.err == (
        f"{WARNING}diaryclient: no answer from {address} within 6 seconds: kept or not, nobody "
        "knows; the server may be away, or take no plain text, or none from here, or none like "
        "this\n"
    )
    stranger.settimeout(0)
    assert stranger.recv(100) == b"a text"
    with pytest.raises(BlockingIOError):
        stranger.recv(100)


def test_an_answer_cannot_play_with_the_terminal(home: Home, stranger: socket.socket) -> None:
    """Its own line ends stay; the rest is escaped, and so is what is not UTF-8."""
    terminal = Terminal(home, "plain", f"127.0.0.1:{stranger.getsockname()[1]}", "hi")
    try:
        _, sender = stranger.recvfrom(100)
        stranger.sendto(b"\x1b[31mred\n\tnext\xff\r", sender)
        terminal.sees("\\x1b[31mred\r\n")
        terminal.sees("next\\xff\\x0d\r\n")
        assert terminal.wait() == 0
    finally:
        terminal.close()
    assert "\x1b" not in terminal.output


def test_an_answer_that_comes_twice_is_not_taken_for_the_next(
    home: Home, stranger: socket.socket
) -> None:
    """Networks double datagrams."""
    terminal = Terminal(home, "plain", f"127.0.0.1:{stranger.getsockname()[1]}")
    try:
        for text in ("-r", "one"):
            if text != "-r":
                terminal.sees("> ")
                terminal.type(text)
            asked, sender = stranger.recvfrom(100)
            assert asked.decode() == text
            stranger.sendto(f"<{text}>".encode(), sender)
            stranger.sendto(f"<{text}>".encode(), sender)
            terminal.sees(f"<{text}>")
        terminal.sees("> ")
        assert terminal.leave() == 0
    finally:
        terminal.close()
    assert terminal.output.count("<-r>") == 1


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["127.0.0.1:1", "x"], 4, "nothing listens at 127.0.0.1:1"),
        (["no-such-host.invalid", "x"], 4, "no-such-host.invalid is not known"),
        (["a b", "x"], 2, "HOST: an address is written"),
        (["127.0.0.1", ""], 2, "the text is empty"),
        ([], 2, "Missing argument"),
    ],
)
def test_what_cannot_be_sent(home: Home, words: list[str], status: int, message: str) -> None:
    """It says why, in one line."""
    done = home.speak("plain", *words)
    assert (done.status, done.out) == (status, "")
    assert message in done.err


def test_input_that_no_datagram_can_hold(plain: Server, home: Home) -> None:
    """Neither too long nor undecodable lines are sent."""
    done = home.speak("plain", plain.address, stdin="x" * 70_000)
    assert done.status == 2
    assert "too long for a datagram" in done.err
    done = home.speak("plain", plain.address, stdin=b"\xff\n")
    assert done.status == 2
    assert "not valid UTF-8" in done.err


def test_a_second_address_is_tried_only_where_nothing_listens(plain: Server, home: Home) -> None:
    """`localhost` may be ::1 first, where this server does not listen."""
    done = home.speak("plain", f"localhost:{plain.port}", "once")
    assert done.status == 0
    [file] = plain.day_files("guest")
    assert file.read_text().count("once") == 1
