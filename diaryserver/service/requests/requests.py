"""Requests under a token: authenticate, check, hand to a handler, seal the answer.

Long, so that this order stands in one place.

The order is the cheapest first, and nothing is said to anybody who did not sign correctly:
length, token known, HMAC, shape, suite; a datagram already in flight is dropped; then signed
refusals: REVOKED, EXPIRED, BADTIME; then decrypt, unpack, validate, scope, do it. What only appends
is handed to the committer in the moment it arrives; who has no turn left at the store's thread is
told so, and soon hears nothing more (`service.requests.turnedaway`); anything else gets a task. A
reply says so when its token is due to be renewed.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Final, NamedTuple

from diaryserver.service.alarm import Alarm
from diaryserver.service.counters import Counters, Drop
from diaryserver.service.door import read_request, refusal
from diaryserver.service.ports.accounts import AccountStore, Token, Use
from diaryserver.service.ports.clock import Clock
from diaryserver.service.ports.entries import EntryStore, Outcome
from diaryserver.service.requests.appending import APPENDING, Author
from diaryserver.service.requests.context import Context
from diaryserver.service.requests.firstuse import FirstUses
from diaryserver.service.requests.handlers import HANDLERS, LOOKING
from diaryserver.service.requests.parts import LongRequests
from diaryserver.service.requests.sessions import TokenSession, TokenSessions
from diaryserver.service.requests.turnedaway import TurnedAway
from diaryserver.service.source import Accept, SendReply, Source
from diaryserver.service.token_life import why_not_renewed
from diaryserver.service.work.committer import Committer
from diaryserver.service.work.slices import Slices
from diaryserver.service.work.threads import Workers
from diaryserver.service.work.turns import TOO_MANY
from protocol.channel import seal_reply
from protocol.envelope import (
    KID_AT,
    KID_END,
    MAX_DATAGRAM,
    MIN_DATAGRAM,
    OVERHEAD,
    SIV_BYTES,
    Envelope,
    parse_envelope,
)
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
from protocol.keys import open_authentic
from protocol.messages.base import MAX_SKEW_MILLISECONDS, Refusal, Reply, Request, allows
from protocol.messages.coding import RENEWAL_HINT_BYTES

MAX_IN_FLIGHT: Final = 8192
"""Twice what the committer queues, so that reads still pass when appends have to wait."""

BUSY_MILLISECONDS: Final = 100
"""Signed requests come while the last of them is so long ago at most."""

MAX_ANSWERS: Final = 5
"""Of one request id that only reads: five transmissions fit into a client's six seconds."""

MAX_REMEMBERED_IDS: Final = 65_536
"""About 18 MiB; the least recent are forgotten first, and repeating them is harmless."""

AMPLIFICATION: Final = 3
"""An authentic reply is at most this times its request, so that a replay is no weapon."""

logger = logging.getLogger(__name__)


class _Call(NamedTuple):
    """A request that is being answered; `now` is when it came."""

    session: TokenSession
    envelope: Envelope
    now: int
    reply: SendReply


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
    ) -> None:
        """Everything is handed in; tasks run on the current event loop."""
        self._random_bytes = random_bytes
        self._clock = clock
        self._accounts = accounts
        self._entries = entries
        self._workers = workers
        self._committer = committer
        self._long_requests = LongRequests(committer, clock.monotonic)
        self._counters = counters
        self._alarm = Alarm(logger, "requests are answered again", clock.monotonic)
        self._sessions = TokenSessions(accounts)
        self._answers: OrderedDict[tuple[bytes, bytes], int] = OrderedDict()
        self._in_flight: set[bytes] = set()
        self._is_idle = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._first_uses = FirstUses(self._is_used, self._mark_used)
        self._turned_away = TurnedAway(clock.monotonic)
        self._last = -BUSY_MILLISECONDS

    def is_busy(self) -> bool:
        """Tell whether signed requests come just now."""
        return 0 <= self._clock.now() - self._last < BUSY_MILLISECONDS

    def screen(self, datagram: bytes) -> Accept | None:
        """Give what takes a request with its sender; None, counted, for what nobody signed.

        This is all that a forged one costs: its length, one look into a table, one HMAC.
        """
        if not MIN_DATAGRAM <= len(datagram) <= MAX_DATAGRAM:
            self._counters.count(Drop.MALFORMED)
            return None
        session = self._sessions.find(datagram[KID_AT:KID_END])
        if session is None:
            self._counters.count(Drop.UNKNOWN_TOKEN)
            return None
        if not session.keys.to_server.has_signed(datagram):
            self._counters.count(Drop.BAD_SIGNATURE)
            return None
        return partial(self._accept, session, datagram)

    def _accept(
        self, session: TokenSession, datagram: bytes, source: Source, reply: SendReply
    ) -> None:
        """Answer a signed datagram through `reply`, now or when the disk is done, or never."""
        now = self._clock.now()
        try:
            envelope = parse_envelope(datagram)
        except MalformedError:
            self._counters.count(Drop.MALFORMED)
            return
        if envelope.suite != session.token.suite or session.token.is_abandoned(now):
            self._counters.count(Drop.UNKNOWN_TOKEN)
            return
        self._receive_authentic(_Call(session, envelope, now, reply), source)

    def _receive_authentic(self, call: _Call, source: Source) -> None:
        token, envelope, now = call.session.token, call.envelope, call.now
        self._last = now
        if envelope.tag in self._in_flight:
            self._counters.count(Drop.IN_FLIGHT)
            return
        refused = self._refusal(token, envelope, now)
        if refused is not None:
            call.reply(seal_reply(call.session.keys, envelope, now, refusal(refused, now)))
            return
        self._accounts.touch(token.kid, Use(now, source.address()))
        self._in_flight.add(envelope.tag)
        if self._first_uses.is_settled(token):
            self._begin(call)
        else:
            self._start(self._begin_settled(call))

    async def finish(self) -> None:
        """Wait until all that was received is answered."""
        while self._in_flight:
            self._is_idle.clear()
            await self._is_idle.wait()

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

    async def _begin_settled(self, call: _Call) -> None:
        try:
            await self._first_uses.settle(call.session.token)
        except Exception as error:  # noqa: BLE001 - as in `_begin`
            self._fail(call, error)
        else:
            self._begin(call)

    def _begin(self, call: _Call) -> None:
        """Hand over what is to be appended, now, so that nobody is overtaken; else start a task."""
        try:
            request = self._read(call)
            if request is None:
                self._end(call)
                return
            appending = APPENDING.get(type(request))
            if appending is None:
                if type(request) in LOOKING and self._is_turned_away(call.session.token):
                    self._counters.count(Drop.TURNED_AWAY)
                    self._end(call)
                    return
                self._start(self._handle(call, request))
                return
            token = call.session.token
            author = Author(token.user, call.envelope.rid, call.now, token.kid)
            answered = partial(self._appended, call, partial(appending.answer, author, request))
            self._committer.submit(appending.writings(author, request), answered)
        except Exception as error:  # noqa: BLE001 - said by the alarm; nobody must wait for nothing
            self._fail(call, error)

    def _read(self, call: _Call) -> Request | None:
        operation, request = read_request(
            open_authentic(call.session.keys.to_server, call.envelope)
        )
        if not allows(call.session.token.scopes, operation.scope):
            raise ScopeError
        if self._is_repeated_too_often(call.envelope, request):
            self._counters.count(Drop.REPEATED_READ)
            return None
        return request

    def _is_turned_away(self, token: Token) -> bool:
        """Tell whether a user is not even told that he has too much to do; if he is, raise it."""
        if self._workers.entries.has_room(token.user):
            return False
        if self._turned_away.is_told(token.user):
            raise BusyError(TOO_MANY)
        return True

    def _appended(
        self,
        call: _Call,
        answer: Callable[[Sequence[Outcome]], Reply],
        outcomes: Sequence[Outcome],
    ) -> None:
        try:
            self._answer(call, answer(outcomes))
        except Exception as error:  # noqa: BLE001 - as in `_begin`
            self._fail(call, error)

    async def _handle(self, call: _Call, request: Request) -> None:
        envelope = call.envelope
        size = min(MAX_DATAGRAM, AMPLIFICATION * (OVERHEAD + len(envelope.body)))
        context = Context(
            token=call.session.token,
            rid=envelope.rid,
            now=call.now,
            room=size - OVERHEAD - SIV_BYTES - RENEWAL_HINT_BYTES,
            accounts=self._accounts,
            accounts_worker=self._workers.accounts,
            entries=self._entries,
            store_worker=Slices(
                self._workers.entries.of(call.session.token.user),
                self._entries,
                self._clock.monotonic,
            ),
            long_requests=self._long_requests,
            random_bytes=self._random_bytes,
        )
        try:
            self._answer(call, await HANDLERS[type(request)](context, request))
        except Exception as error:  # noqa: BLE001 - as in `_begin`
            self._fail(call, error)

    def _answer(self, call: _Call, answer: Reply) -> None:
        self._alarm.works()
        self._send(call, answer, renew=self._is_due(call.session))

    def _fail(self, call: _Call, error: Exception) -> None:
        """Tell why it was not done; to be called where `error` is being handled."""
        if isinstance(error, MalformedError):
            self._counters.count(Drop.BAD_SIGNATURE)
            self._end(call)
            return
        if not isinstance(error, RefusedError):
            self._alarm.failed("a request failed, its sender is told: outcome unknown", trace=True)
            error = StorageError("the server failed; see its log")
        self._send(call, refusal(error, call.now), renew=self._is_due(call.session))

    def _send(self, call: _Call, answer: Reply | Refusal, *, renew: bool) -> None:
        now = self._clock.now()
        try:
            sealed = seal_reply(call.session.keys, call.envelope, now, answer, renew=renew)
            call.reply(sealed)
        finally:
            self._end(call)

    def _end(self, call: _Call) -> None:
        self._in_flight.discard(call.envelope.tag)
        if not self._in_flight:
            self._is_idle.set()

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _is_used(self, kid: bytes) -> bool:
        token = self._accounts.token(kid)
        return token is not None and bool(token.used)

    async def _mark_used(self, token: Token) -> None:
        await self._workers.accounts.run(self._accounts.mark_used, token, self._clock.now())

    def _is_due(self, session: TokenSession) -> bool:
        now = self._clock.now()
        if now < session.renewal:
            return False
        current = self._accounts.token(session.token.kid)
        if current is None or not current.is_live(now):
            return False
        return not why_not_renewed(current, now, self._accounts.generation())

    def _is_repeated_too_often(self, envelope: Envelope, request: Request) -> bool:
        if not request.is_counted:
            return False
        key = (envelope.kid, bytes(envelope.rid))
        answers = self._answers[key] = self._answers.pop(key, 0) + 1
        if len(self._answers) > MAX_REMEMBERED_IDS:
            self._answers.popitem(last=False)
        return answers > MAX_ANSWERS
