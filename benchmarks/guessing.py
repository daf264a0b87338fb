"""Somebody guesses passwords: real log-ins, all of them wrong, from many networks.

    python -m benchmarks.guessing PORT RATE

Rules: it ends on SIGTERM, or after a minute, and then says how many guesses there were and how many
of them the server answered; guesses under way are bounded by the time each waits.
"""

import asyncio
import os
import signal
import sys
from collections import Counter
from contextlib import suppress
from itertools import count
from typing import Final

from diaryserver.clock import SystemClock
from protocol.envelope import parse_envelope
from protocol.identifiers import EntryId, Username
from protocol.login import encode_login
from protocol.messages import LoginForm
from protocol.offer import NONCE_BYTES, Hello, decode_offer, encode_hello

LONGEST_LIFE_SECONDS: Final = 60
PATIENCE_SECONDS: Final = 3.0
NETWORKS: Final = 200
_clock: Final = SystemClock()


class _Answers(asyncio.DatagramProtocol):
    """Keeps what arrives, in order."""

    def __init__(self) -> None:
        self.arrived: asyncio.Queue[bytes] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002 - asyncio's
        self.arrived.put_nowait(data)


async def guess(port: int, number: int, counts: Counter[str]) -> None:
    """Log in once, with a wrong password, as a user that exists, from a network of its own."""
    source = f"127.1.{number % NETWORKS}.1"
    transport, answers = await asyncio.get_running_loop().create_datagram_endpoint(
        _Answers, local_addr=(source, 0), remote_addr=("127.0.0.1", port)
    )
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                now, nonce = _clock.now(), os.urandom(NONCE_BYTES)
                rid = EntryId.make(now, os.urandom(10))
                transport.sendto(encode_hello(rid, now, Hello(nonce, 1, 1)))
                offer = decode_offer(parse_envelope(await answers.arrived.get()))
                transport.sendto(encode_login(rid, now, offer, nonce, _form(number)))
                counts["guessed"] += 1
                await answers.arrived.get()
                counts["answered"] += 1
    finally:
        transport.close()


async def guess_on(port: int, rate: float) -> None:
    """Begin `rate` guesses a second until told to stop."""
    loop, stopping, counts = asyncio.get_running_loop(), asyncio.Event(), Counter[str]()
    loop.add_signal_handler(signal.SIGTERM, stopping.set)
    loop.call_later(LONGEST_LIFE_SECONDS, stopping.set)
    began = loop.time()
    async with asyncio.TaskGroup() as guesses:
        for number in count():
            with suppress(TimeoutError):
                async with asyncio.timeout_at(began + number / rate):
                    await stopping.wait()
            if stopping.is_set():
                break
            guesses.create_task(guess(port, number, counts))
            if number == 0:
                sys.stdout.write("began\n")
                sys.stdout.flush()
    sys.stdout.write(f"guessed {counts['guessed']} answered {counts['answered']}\n")


def _form(number: int) -> LoginForm:
    user = Username(f"u{number % NETWORKS}")
    return LoginForm(user, "a wrong password", b"", os.urandom(32), "guess", "full", 0, 1, 1)


if __name__ == "__main__":
    asyncio.run(guess_on(int(sys.argv[1]), float(sys.argv[2])))
