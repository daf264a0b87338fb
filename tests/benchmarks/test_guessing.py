"""A flood of log-ins is what its figure says: each guess once, no faster than its rate."""

import socket

from benchmarks.guessing import Guess, Guesser

PATIENCE = 20.0


def test_every_guess_is_sent_once_and_what_is_answered_is_counted() -> None:
    """However soon the generator has ended, and whatever the core is busy with."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as source,
    ):
        server.bind(("127.0.0.1", 0))
        server.settimeout(PATIENCE)
        source.connect(server.getsockname())
        written = [b"guess %d" % number for number in range(12)]
        guesser = Guesser([Guess(source, datagram) for datagram in written], rate=400)
        with guesser:
            arrived = [server.recv(100) for _ in written]
            server.sendto(b"denied", source.getsockname())
    assert arrived == written
    assert guesser.answered == 1
    assert 0 < guesser.sent_rate <= 400
