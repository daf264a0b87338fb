"""Requests under a token: authenticate, check, hand to a handler, seal the answer.

The order is the cheapest first, and nothing is said to anybody who did not sign correctly:
token known, suite, HMAC; then signed refusals: REVOKED, EXPIRED, BADTIME; a datagram already in
flight is dropped; then decrypt, unpack, validate, scope, do it. A reply says so when its token is
due to be renewed.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, TypeAlias

from diaryserver.service.alarm import Alarm
from diaryserver.service.committer import Committer
from diaryserver.service.context import Context
from diaryserver.service.counters import Counters, Drop
from diaryserver.service.door import read_request, refusal
from diaryserver.service.firstuse import FirstUses
from diaryserver.service.handlers import HANDLERS
from diaryserver.service.ports import AccountStore, Clock, EntryStore, Token, Use
from diaryserver.service.source import Source
from diaryserver.service.threads import Workers
from diaryserver.service.tokens import why_not_renewed
from diaryserver.steps import Announce, Step, announce_to_nobody
from protocol.channel import seal_reply
from protocol.envelope import MAX_DATAGRAM, OVERHEAD, SIV_BYTES, Envelope
from protocol.errors import (
    BadTimeError,
    BusyError,
    MalformedError,
    RefusedError,
    ScopeError,
    StorageError,
    TokenExpiredError,
    TokenRevokedError,
)
from protocol.keys import TokenKeys, derive_token_keys, open_authentic
from protocol.messages import (
    MAX_SKEW_MILLISECONDS,
    RENEWAL_HINT_BYTES,
    Amend,
    Batch,
    Clear,
    Delete,
    Mint,
    Put,
    Recover,
    Refusal,
    Remove,
    Reply,
    Request,
    Restore,
    Revoke,
    allows,
)

MAX_IN_FLIGHT: Final = 8192
"""Twice what the committer queues, so that reads still pass when appends have to wait."""

MAX_CACHED_KEYS: Final = 20_000
"""Setting a token's keys up costs 20 us and they hold about 1 KiB: 20 MiB at most."""

MAX_ANSWERS: Final = 5
"""Of one request id that only reads: five transmissions fit into a client's six seconds."""

MAX_REMEMBERED_IDS: Final = 65_536
"""About 10 MiB; the least recent are forgotten first, and repeating them is harmless."""

_CHANGES: Final = (Put, Batch, Amend, Remove, Restore, Clear, Recover, Mint, Revoke, Delete)
"""What the stores know again by its id: the client repeats it until it is told the outcome."""

AMPLIFICATION: Final = 3
"""An authentic reply is at most this times its request, so that a replay is no weapon."""

SendReply: TypeAlias = Callable[[bytes], None]
logger = logging.getLogger(__name__)


class RequestService:
    """Answers datagrams of kind REQUEST."""

    def __init__(  # noqa: PLR0913 - the composition root hands in each part
        self,
        clock: Clock,
        accounts: AccountStore,
        entries: EntryStore,
        committer: Committer,
        workers: Workers,
        random_bytes: Callable[[int], bytes],
        counters: Counters,
        announce: Announce = announce_to_nobody,
    ) -> None:
        """Everything is handed in; tasks run on the current event loop."""
        self._random_bytes = random_bytes
        self._clock = clock
        self._accounts = accounts
        self._entries = entries
        self._workers = workers
        self._committer = committer
        self._counters = counters
        self._announce = announce
        self._alarm = Alarm(logger, "requests are answered again", clock.monotonic)
        self._keys: OrderedDict[bytes, TokenKeys] = OrderedDict()
        self._answers: OrderedDict[tuple[bytes, bytes], int] = OrderedDict()
        self._in_flight: dict[bytes, asyncio.Task[None]] = {}
        self._first_uses = FirstUses(self._is_used, self._mark_used)

    def knows(self, kid: bytes) -> bool:
        """Tell whether there is a token of that key id; nothing else about it is sure."""
        return self._accounts.token(kid) is not None

    def receive(self, envelope: Envelope, source: Source, reply: SendReply) -> None:
        """Answer through `reply`, now or when the disk is done, once or never."""
        self._announce(Step.RECEIVED)
        token = self._accounts.token(envelope.kid)
        now = self._clock.now()
        if token is None or token.suite != envelope.suite or token.is_abandoned(now):
            self._counters.count(Drop.UNKNOWN_TOKEN)
            return
        try:
            keys = self._token_keys(token)
        except KeyError:  # its generation was destroyed since the line above
            self._counters.count(Drop.UNKNOWN_TOKEN)
            return
        if not keys.to_server.is_authentic(envelope):
            self._counters.count(Drop.BAD_SIGNATURE)
            return
        self._announce(Step.AUTHENTICATED)
        if envelope.tag in self._in_flight:
            self._counters.count(Drop.IN_FLIGHT)
            return
        refused = self._refusal(token, envelope, now)
        if refused is not None:
            reply(seal_reply(keys, envelope, now, refusal(refused, now)))
            return
        self._accounts.touch(token.kid, Use(now, source.address()))
        answering = asyncio.create_task(self._answer(token, keys, envelope, reply))
        self._in_flight[envelope.tag] = answering
        answering.add_done_callback(lambda _: self._in_flight.pop(envelope.tag, None))

    async def finish(self) -> None:
        """Wait until all that was received is answered."""
        while self._in_flight:
            await asyncio.wait(self._in_flight.values())

    def _refusal(self, token: Token, envelope: Envelope, now: int) -> RefusedError | None:
        if token.revoked:
            return TokenRevokedError()
        if token.expires and now >= token.expires:
            return TokenExpiredError()
        if abs(now - envelope.timestamp) > MAX_SKEW_MILLISECONDS:
            return BadTimeError()
        if len(self._in_flight) >= MAX_IN_FLIGHT:
            return BusyError()
        return None

    async def _answer(
        self, token: Token, keys: TokenKeys, envelope: Envelope, reply: SendReply
    ) -> None:
        now = self._clock.now()
        answer: Reply | Refusal | None
        try:
            answer = await self._handle(token, keys, envelope, now)
            self._alarm.works()
        except MalformedError:
            self._counters.count(Drop.BAD_SIGNATURE)
            return
        except RefusedError as error:
            answer = refusal(error, now)
        except Exception:  # noqa: BLE001 - said by the alarm; the client must not wait for nothing
            self._alarm.failed("a request failed, its sender is told: outcome unknown", trace=True)
            answer = refusal(StorageError("the server failed; see its log"), now)
        if answer is not None:
            renew = self._is_due(token)
            sealed = seal_reply(keys, envelope, self._clock.now(), answer, renew=renew)
            self._announce(Step.REPLY_SEALED)
            reply(sealed)
            self._announce(Step.REPLY_SENT)

    async def _handle(
        self, token: Token, keys: TokenKeys, envelope: Envelope, now: int
    ) -> Reply | None:
        plaintext = open_authentic(keys.to_server, envelope)
        await self._first_uses.settle(token)
        operation, request = read_request(plaintext)
        if not allows(token.scopes, operation.scope):
            raise ScopeError
        if self._is_repeated_too_often(envelope, request):
            self._counters.count(Drop.REPEATED_READ)
            return None
        size = min(MAX_DATAGRAM, AMPLIFICATION * (OVERHEAD + len(envelope.body)))
        context = Context(
            token=token,
            rid=envelope.rid,
            now=now,
            room=size - OVERHEAD - SIV_BYTES - RENEWAL_HINT_BYTES,
            accounts=self._accounts,
            accounts_worker=self._workers.accounts,
            entries=self._entries,
            committer=self._committer,
            store_worker=self._workers.entries,
            random_bytes=self._random_bytes,
        )
        return await HANDLERS[type(request)](context, request)

    def _is_used(self, kid: bytes) -> bool:
        token = self._accounts.token(kid)
        return token is not None and bool(token.used)

    async def _mark_used(self, token: Token) -> None:
        await self._workers.accounts.run(self._accounts.mark_used, token, self._clock.now())

    def _is_due(self, token: Token) -> bool:
        current = self._accounts.token(token.kid)
        now = self._clock.now()
        if current is None or not current.is_live(now):
            return False
        return not why_not_renewed(current, now, self._accounts.generation())

    def _is_repeated_too_often(self, envelope: Envelope, request: Request) -> bool:
        if isinstance(request, _CHANGES):
            return False
        key = (envelope.kid, bytes(envelope.rid))
        answers = self._answers[key] = self._answers.pop(key, 0) + 1
        if len(self._answers) > MAX_REMEMBERED_IDS:
            self._answers.popitem(last=False)
        return answers > MAX_ANSWERS

    def _token_keys(self, token: Token) -> TokenKeys:
        keys = self._keys.get(token.kid)
        if keys is None:
            keys = derive_token_keys(self._accounts.root(token), token.kid)
            self._keys[token.kid] = keys
            if len(self._keys) > MAX_CACHED_KEYS:
                self._keys.popitem(last=False)
        else:
            self._keys.move_to_end(token.kid)
        return keys
