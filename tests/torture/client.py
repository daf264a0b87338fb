"""A client of the torture: one socket, one login, many entries on their way at once.

Rules: an id is asked again, signed anew, until the server says that it is stored, or is given up
for good; nothing but a reply that is authentic and answers one of our datagrams counts.
"""

import asyncio
import random
from typing import Final

from diaryserver.clock import SystemClock
from protocol.channel import open_reply, seal_request
from protocol.envelope import TAG_BYTES, parse_envelope
from protocol.errors import NOT_YET, ErrorCode, MalformedError
from protocol.identifiers import Day, EntryId, Username
from protocol.keys import TokenKeys
from protocol.messages.base import Refusal, Reply, Request
from protocol.messages.coding import decode_reply
from protocol.messages.diary import Clear
from protocol.messages.table import BY_REQUEST
from protocol.messages.writing import Put, Stored
from tests.torture.ledger import Attempt, Fate, Ledger

FIRST_TIMEOUT: Final = 0.3
LONGEST_TIMEOUT: Final = 1.5
"""Seconds: a restart takes half of one, and who waits longer is only slower."""

_DAY: Final = 86_400_000
_ZONES: Final = (0, 0, 0, 480, -300, 14 * 60, -12 * 60)
_ALPHABET: Final = "aä天🙂\n\t\\\u2028 xyz"
_TRIES_BEFORE_GIVING_UP: Final = 1

_clock: Final = SystemClock()


class _Question:
    """A request on its way: the tags under which it was sent, and the answer to one of them."""

    def __init__(self) -> None:
        self.tags: list[bytes] = []
        self.answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()


class TortureClient(asyncio.DatagramProtocol):
    """Asks under one login."""

    def __init__(self, user: Username, keys: TokenKeys, ledger: Ledger, seed: int) -> None:
        """`open` connects it."""
        self.user = user
        self._keys = keys
        self._ledger = ledger
        self._chance = random.Random(seed)
        self._questions: dict[bytes, _Question] = {}
        self._transport: asyncio.DatagramTransport

    async def open(self, port: int) -> None:
        """Connect to a port of loopback."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: self, remote_addr=("127.0.0.1", port)
        )

    def close(self) -> None:
        """Give the socket back."""
        self._transport.close()

    async def write(self, giving_up: float) -> Attempt:
        """Write one entry; with the probability `giving_up` try but once."""
        attempt = self.compose()
        self._ledger.attempts.append(attempt)
        tries = _TRIES_BEFORE_GIVING_UP if self._chance.random() < giving_up else None
        await self.put(attempt, tries)
        return attempt

    async def put(self, attempt: Attempt, tries: int | None = None) -> bool:
        """Try to have an entry stored; tell whether the server says it had been before."""
        answer = await self.ask(attempt.request, attempt.id, tries)
        if answer is None:
            attempt.fate = Fate.GIVEN_UP
        elif isinstance(answer, Stored) and answer.day == attempt.stamp.day:
            attempt.fate = Fate.ACKNOWLEDGED
            self._ledger.counts["duplicates answered"] += answer.dup
        else:
            self._ledger.violate(f"{self.user}: an entry was answered with {answer!r}")
        return isinstance(answer, Stored) and answer.dup

    async def clear(self, day: Day, generation: int) -> bool:
        """Clear a day; tell whether there was something to clear."""
        answer = await self.ask(Clear(day, generation), self._new_id())
        if isinstance(answer, Refusal) and answer.code is not ErrorCode.NOT_FOUND:
            self._ledger.violate(f"{self.user}: clearing {day} was answered with {answer!r}")
        return not isinstance(answer, Refusal)

    def compose(self) -> Attempt:
        """Make an entry up: of these days, many of them within two seconds of midnight."""
        off = self._chance.choice(_ZONES)
        at = _clock.now() - self._chance.randrange(3) * _DAY
        if self._chance.random() < 0.5:
            midnight = (at + off * 60_000) // _DAY * _DAY - off * 60_000
            at = midnight + self._chance.randrange(-2000, 2000)
            at = at if at < _clock.now() else at - _DAY
        length = self._chance.randrange(1, 40)
        text = "".join(self._chance.choices(_ALPHABET, k=length)).strip() or "a word"
        put = Put(at, off, text, self._chance.random() < 0.1)
        return Attempt(self.user, self._new_id(), put)

    async def ask(
        self, request: Request, rid: EntryId, tries: int | None = None
    ) -> Reply | Refusal | None:
        """Ask until there is an answer that settles it; None after `tries` without one."""
        question = self._questions[rid] = _Question()
        timeout = FIRST_TIMEOUT * self._chance.uniform(0.8, 1.2)
        counts = self._ledger.counts
        try:
            while tries is None or len(question.tags) < tries:
                datagram = seal_request(self._keys, rid, _clock.now(), request)
                counts["retransmissions"] += bool(question.tags)
                question.tags.append(datagram[-TAG_BYTES:])
                self._transport.sendto(datagram)
                done, _ = await asyncio.wait([question.answer], timeout=timeout)
                timeout = min(2 * timeout, LONGEST_TIMEOUT)
                if not done:
                    continue
                answer = decode_reply(BY_REQUEST[type(request)].reply, question.answer.result())
                if not isinstance(answer, Refusal) or answer.code not in NOT_YET:
                    return answer
                counts[f"answered {answer.code}"] += 1
                question.answer = asyncio.get_running_loop().create_future()
                await asyncio.sleep(timeout)
        finally:
            del self._questions[rid]
        return None

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:  # noqa: ARG002
        """Take an answer in."""
        envelope = parse_envelope(data)
        question = self._questions.get(envelope.rid)
        if question is None or question.answer.done():
            self._ledger.counts["late answers"] += 1
            return
        for tag in reversed(question.tags):
            try:
                plaintext = open_reply(self._keys, envelope, tag)
            except MalformedError:
                continue
            question.answer.set_result(plaintext)
            return
        self._ledger.violate(f"{self.user}: an answer to nothing that was asked")

    def error_received(self, exc: Exception) -> None:
        """The way is closed just now; whoever waits asks again."""

    def _new_id(self) -> EntryId:
        return EntryId.make(_clock.now(), self._chance.randbytes(10))
