"""A request that is too long for one datagram, on its way part by part: the pure core.

Rules: the first part goes alone, so that whatever is wrong is known before the rest is sent, and
parts that an earlier attempt brought are not sent again. The others follow as the window allows.
When all were answered and the server has not got them all, since it was started anew or had to make
room, what it lacks is sent again, in a further round. The part that makes it whole brings the
answer; lost, it is asked for like any other.
"""

from collections.abc import Iterator
from typing import Final

from protocol.errors import MalformedError
from protocol.identifiers import EntryId
from protocol.messages.base import Refusal, Reply, Request
from protocol.messages.coding import decode_reply, encode_request
from protocol.messages.parts import Part, Received, cut, numbers_in

MOST_ROUNDS: Final = 8
"""A server that forgets parts again and again is not what it says it is."""


class Upload:
    """One request on its way; `answer` is the answer to the whole, None until it has come."""

    def __init__(self, request: Request, rid: EntryId) -> None:
        """`rid` is the id of the whole."""
        self.answer: Reply | None = None
        self._rid = rid
        self._told = set[int]()
        self._there = set[int]()
        self.begin(request)

    def begin(self, request: Request) -> Part:
        """Send this from now on, in place of what was not accepted; give its first part."""
        self._reply = request.reply
        self._parts = cut(self._rid, encode_request(request))
        return self.first

    @property
    def first(self) -> Part:
        """The part that goes alone."""
        return self._parts[0]

    @property
    def progress(self) -> tuple[int, int]:
        """How many parts the server has, of how many."""
        count = len(self._parts)
        return (count if self.answer else len(self._there)), count

    def round(self) -> Iterator[Part]:
        """Give what the server lacks by its last answer, but for what later answers say it has."""
        self._there = set(self._told)
        # With nothing missing the last one again: some answer must come.
        if len(self._there) == len(self._parts):
            yield self._parts[-1]
        for part in self._parts:
            if part.number not in self._there:
                yield part

    def take(self, received: Received) -> None:
        """Take the answer to a part; raise MalformedError for what cannot be one."""
        if not received.answer:
            self._told = numbers_in(received.parts)
            self._there |= self._told
            return
        answer = decode_reply(self._reply, received.answer)
        if isinstance(answer, Refusal):
            raise MalformedError("the server hides a refusal in its answer")
        self.answer = answer
