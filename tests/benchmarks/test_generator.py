"""The generator counts every answer by its id, repeats what has none, and ends in any case."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.errors import BenchmarkError
from benchmarks.generator import TEXT_END, Generator, Loop, write_datagrams
from benchmarks.requests import texts
from tests.lossy_proxy import LossyProxy, Weather

PATIENCE = 20.0
Answer = Callable[[bytes, int], list[bytes]]


@contextmanager
def served(answer: Answer) -> Iterator[int]:
    """Answer what comes to the yielded port; `answer` is told how many came before."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        stopping = threading.Event()

        def serve() -> None:
            came = 0
            while True:
                data, sender = bound.recvfrom(2048)
                if stopping.is_set():
                    return
                for reply in answer(data, came):
                    bound.sendto(reply, sender)
                came += 1

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield bound.getsockname()[1]
        stopping.set()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", bound.getsockname())
        thread.join(PATIENCE)


def write_texts(path: Path, number: int) -> list[bytes]:
    """Write a file of datagrams and give them."""
    written = [text.encode() for text in texts(number)]
    write_datagrams(path, written)
    return written


def test_every_datagram_is_answered_once_and_the_answers_are_kept(
    generator: Generator, datagrams: Path, tmp_path: Path
) -> None:
    """A rate is made of answers that came, each to a datagram of its own."""
    sent = write_texts(datagrams, 300)
    replies = tmp_path / "replies"
    with served(lambda data, _: [b"stamp " + data]) as port:
        load = generator.closed(datagrams, port, Loop(64, TEXT_END), replies)
    assert (load.sent - load.repeated, load.answered, load.lost) == (300, 300, 0)
    assert load.rate > 0
    kept = replies.read_bytes()
    assert all(b"stamp " + data in kept for data in sent)


def test_no_more_than_the_window_is_unanswered(generator: Generator, datagrams: Path) -> None:
    """Four that wait for answers keep the fifth back."""
    write_texts(datagrams, 40)
    held: list[bytes] = []

    def answer(data: bytes, came: int) -> list[bytes]:
        """Keep four back, then answer all of them: a fifth would have come before."""
        if data not in held:  # on a busy machine it may have been sent again
            held.append(data)
        assert len(held) <= 4
        if len(held) < 4:
            return []
        released = held.copy()
        held.clear()
        return released

    with served(answer) as port:
        load = generator.closed(datagrams, port, Loop(4, TEXT_END))
    assert load.answered == 40


def test_what_is_lost_on_the_way_is_sent_again(generator: Generator, datagrams: Path) -> None:
    """Loss costs time, and is not taken for an answer."""
    write_texts(datagrams, 40)
    with (
        served(lambda data, _: [data]) as port,
        LossyProxy(f"127.0.0.1:{port}", Weather(loss=0.1), seed=3) as proxy,
    ):
        load = generator.closed(datagrams, proxy.port, Loop(40, TEXT_END))
    assert load.answered == 40
    assert load.repeated > 0


def test_a_second_answer_is_not_counted_as_an_answer(generator: Generator, datagrams: Path) -> None:
    """A server that answers twice is not twice as fast."""
    write_texts(datagrams, 40)
    with served(lambda data, _: [data, data]) as port:
        load = generator.closed(datagrams, port, Loop(1, TEXT_END))
    assert load.answered == 40
    assert load.doubled > 0


def test_an_answer_to_something_else_is_an_error(generator: Generator, datagrams: Path) -> None:
    """Only what was asked can be answered."""
    write_texts(datagrams, 10)
    with (
        served(lambda data, _: [b"an answer that nobody has asked for", data]) as port,
        pytest.raises(BenchmarkError, match="answers belong to nothing"),
    ):
        generator.closed(datagrams, port, Loop(1, TEXT_END))


def test_a_flood_comes_at_its_rate_from_many_networks(
    generator: Generator, datagrams: Path
) -> None:
    """A flood is never more than what its figure says."""
    write_texts(datagrams, 10)
    came: list[bytes] = []

    def answer(data: bytes, _: int) -> list[bytes]:
        came.append(data)
        return []

    with served(answer) as port:
        load = generator.blast(datagrams, port, rate=500, seconds=0.4)
    # Never more than the rate; how much less is up to a busy machine.
    assert 0 < load.sent <= 201
    assert len(came) <= load.sent + 1


@pytest.mark.parametrize("content", [b"", b"\x05\x00abcde", b"\xff\xff" + bytes(100)])
def test_a_file_that_holds_no_datagrams_is_an_error(
    generator: Generator, datagrams: Path, content: bytes
) -> None:
    """Any bytes are read or refused, and nothing is read beyond them."""
    datagrams.write_bytes(content)
    with pytest.raises(BenchmarkError, match="generator: "):
        generator.closed(datagrams, 9, Loop(1))


def test_a_loop_that_ends_early_counts_what_was_answered(
    generator: Generator, datagrams: Path
) -> None:
    """A server that is flooded is measured for a time, whether or not it answers everything."""
    write_texts(datagrams, 10)
    with served(lambda data, came: [data] if came < 3 else []) as port:
        load = generator.closed(datagrams, port, Loop(10, TEXT_END, seconds=0.5))
    assert load.answered <= 3
    assert load.answered + load.lost == 10
