"""What a handler is given beside its request."""

from collections.abc import Callable
from dataclasses import dataclass

from diaryserver.service.ports.accounts import AccountStore, Token
from diaryserver.service.ports.entries import EntryStore
from diaryserver.service.requests.parts import LongRequests
from diaryserver.service.work.slices import Slices
from diaryserver.service.work.threads import Worker
from protocol.identifiers import EntryId


@dataclass(frozen=True, slots=True)
class Context:
    """Who asks, under which request id, when (ms since the epoch), and what it may be done with.

    `room` is how many bytes of plaintext the reply may have: three times the request at most, less
    what a renewal hint takes.
    """

    token: Token
    rid: EntryId
    now: int
    room: int
    accounts: AccountStore
    accounts_worker: Worker
    entries: EntryStore
    store_worker: Slices
    long_requests: LongRequests
    random_bytes: Callable[[int], bytes]
