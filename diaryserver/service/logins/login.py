"""Logging in, the server's side: HELLO to OFFER, LOGIN to GRANT.

What a LOGIN's form comes to is decided by `service.logins.credentials`. Rules: nothing is kept for
a HELLO; a LOGIN costs a key agreement only behind a valid cookie, and a password hash only behind
the throttles; a repeated LOGIN gets the same GRANT, no second hash and no second token, but one
that was not decided (BUSY, STORAGE, throttled) is decided anew.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from diaryserver.service.alarm import Alarm
from diaryserver.service.counters import Counters, Drop
from diaryserver.service.door import read_form, refusal
from diaryserver.service.logins.credentials import Credentials, check_form
from diaryserver.service.logins.gate import PasswordGate
from diaryserver.service.logins.guessing import Guess, LoginThrottle
from diaryserver.service.logins.known import KnownNetworks
from diaryserver.service.logins.offering import Offering
from diaryserver.service.logins.prekeys import Prekey
from diaryserver.service.ports.accounts import AccountStore, PasswordHasher, Token
from diaryserver.service.ports.clock import Clock
from diaryserver.service.source import SendReply, Source
from diaryserver.service.throttle import Limit, Throttle, network_of
from diaryserver.service.work.threads import Workers
from protocol.envelope import VERSION, Envelope, parse_envelope
from protocol.errors import (
    NOT_YET,
    BusyError,
    DeniedError,
    InvalidRequestError,
    MalformedError,
    RateError,
    RefusedError,
    StorageError,
)
from protocol.identifiers import EntryId
from protocol.login import (
    SealedLogin,
    decode_login,
    encode_grant,
    is_login_authentic,
    login_digest,
    open_login,
    sealed_binding,
)
from protocol.messages.account import Grant
from protocol.messages.forms import Form, LoginForm, PasswordForm, RenewalForm
from protocol.offer import decode_hello, is_padded_hello

MAX_REMEMBERED: Final = 4096
"""GRANTs kept for repetitions, 350 bytes each; a cookie lives 60 s, so older ones cannot repeat.

The throttles let fewer failures through in that time, and two threads hash 3,000 passwords.
"""

MAX_UNDECIDED: Final = 512
"""Logins that wait for a disk or a hash at one time."""

OPENINGS_PER_NETWORK: Final = Limit(60, 0.1)
"""Key agreements, 100 us each: ten a second for a network, beyond that silence."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Claim:
    """An opened form: the token that it proves, and the guess at a password that it makes."""

    form: Form
    rid: EntryId
    token: Token | None
    guess: Guess | None


class LoginService:
    """Answers datagrams of kind HELLO and LOGIN."""

    def __init__(  # noqa: PLR0913 - the composition root hands in each part
        self,
        clock: Clock,
        accounts: AccountStore,
        hasher: PasswordHasher,
        offering: Offering,
        random_bytes: Callable[[int], bytes],
        workers: Workers,
        counters: Counters,
        throttle: LoginThrottle,
        known: KnownNetworks,
    ) -> None:
        """`random_bytes(n)` is the system's source of chance."""
        self._clock = clock
        self._offering = offering
        self._counters = counters
        self._openings = Throttle(OPENINGS_PER_NETWORK, random_bytes(32))
        self._throttle = throttle
        self._known = known
        gate = PasswordGate()
        self._credentials = Credentials(clock, accounts, hasher, gate, random_bytes, workers)
        self._alarm = Alarm(logger, "logins are decided again", clock.monotonic)
        self._grants: OrderedDict[bytes, bytes | None] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()

    def hello(self, datagram: bytes, source: Source, reply: SendReply) -> None:
        """Answer a HELLO with an OFFER, unless it speaks no version of ours, or there are many.

        They are counted before they are read: whoever sends a flood can make good ones too.
        """
        if not is_padded_hello(datagram):
            self._counters.count(Drop.MALFORMED)
            return
        if not self._offering.may_offer(source, is_hello=True):
            self._counters.count(Drop.HELLO_FLOOD)
            return
        try:
            envelope = parse_envelope(datagram)
            hello = decode_hello(envelope)
        except MalformedError:
            self._counters.count(Drop.MALFORMED)
            return
        if not hello.lowest <= VERSION <= hello.highest:
            self._counters.count(Drop.NO_COMMON_VERSION)
            return
        reply(self._offering.offer(envelope.rid, source, hello.nonce))

    def login(self, envelope: Envelope, source: Source, reply: SendReply) -> None:
        """Answer a LOGIN with a GRANT, or with a fresh OFFER if its cookie or prekey is stale."""
        try:
            login = decode_login(envelope)
        except MalformedError:
            self._counters.count(Drop.MALFORMED)
            return
        prekey = self._offering.prekey_of(login, source)
        if prekey is None:
            self._offer_anew(envelope, source, login, reply)
            return
        digest = login_digest(envelope)
        if digest in self._grants:
            self._repeat(digest, reply)
            return
        network = network_of(source.host)
        if network not in self._known and self._throttle.has_seen(network):
            self._known.note(network)
        if not self._openings.take(network, self._clock.monotonic()):
            self._counters.count(Drop.LOGIN_FLOOD)
            return
        form = _open(envelope, login, prekey)
        if form is None:
            self._counters.count(Drop.BAD_LOGIN)
            return
        binding = sealed_binding(envelope, login, prekey.statement)
        try:
            claim = self._claim(form, envelope.rid, network, binding)
        except RefusedError as error:
            reply(self._grant(form, envelope, error))
            return
        self._remember(digest, None)
        task = asyncio.create_task(self._answer(envelope, claim, source, reply))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def finish(self) -> None:
        """Wait until all logins that were begun are answered."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _offer_anew(
        self, envelope: Envelope, source: Source, login: SealedLogin, reply: SendReply
    ) -> None:
        if self._offering.may_offer(source, is_hello=False):
            reply(self._offering.offer(envelope.rid, source, login.nonce))
        else:
            self._counters.count(Drop.HELLO_FLOOD)

    def _repeat(self, digest: bytes, reply: SendReply) -> None:
        grant = self._grants[digest]
        if grant is None:
            self._counters.count(Drop.IN_FLIGHT)
        else:
            reply(grant)

    def _remember(self, digest: bytes, grant: bytes | None) -> None:
        self._grants[digest] = grant
        if len(self._grants) > MAX_REMEMBERED:
            self._grants.popitem(last=False)

    def _claim(self, form: Form, rid: EntryId, network: str, binding: bytes) -> _Claim:
        """Refuse what needs no look at a password; else spend the throttles' tokens."""
        check_form(form)
        token = None
        if not isinstance(form, LoginForm):
            try:
                token = self._credentials.proven(form, binding)
            except DeniedError:
                self._counters.count(Drop.BAD_PROOF)
                raise
        if len(self._tasks) >= MAX_UNDECIDED:
            self._counters.count(Drop.LOGIN_FLOOD)
            raise BusyError
        guess = self._guess(form, network, token)
        if guess is not None and not self._throttle.take(guess, self._clock.now()):
            self._counters.count(Drop.LOGIN_THROTTLED)
            raise RateError
        return _Claim(form, rid, token, guess)

    def _guess(self, form: Form, network: str, token: Token | None) -> Guess | None:
        if isinstance(form, LoginForm):
            return self._throttle.guess(form.user, network)
        if isinstance(form, PasswordForm) and token is not None:
            return self._throttle.guess(token.user, network)
        return None

    async def _answer(
        self, envelope: Envelope, claim: _Claim, source: Source, reply: SendReply
    ) -> None:
        answer: Grant | RefusedError
        try:
            answer = await self._decide(claim)
            self._alarm.works()
        except RefusedError as error:
            answer = error
        except Exception:  # noqa: BLE001 - said by the alarm; the client must not wait for nothing
            self._alarm.failed("a login failed", trace=True)
            answer = StorageError("the server failed; see its log")
        await self._settle(claim, answer, source)
        grant = self._grant(claim.form, envelope, answer)
        digest = login_digest(envelope)
        if isinstance(answer, RefusedError) and answer.code in NOT_YET:
            self._grants.pop(digest, None)
        else:
            self._remember(digest, grant)
        reply(grant)

    async def _settle(self, claim: _Claim, answer: Grant | RefusedError, source: Source) -> None:
        """Count what came of a claim; only a wrong guess costs an attempt."""
        guess = claim.guess
        if isinstance(answer, Grant):
            self._known.note(network_of(source.host))
        if isinstance(answer, DeniedError) and guess is not None:
            logger.warning("login refused: user=%s from=%s", guess.user, source.host)
            await self._throttle.keep_failure(guess)
            return
        if isinstance(answer, RefusedError):
            self._counters.count(Drop.LOGIN_UNDECIDED)
        if guess is not None:
            self._throttle.give_back(guess)
            if isinstance(answer, Grant):
                await self._throttle.keep_success(guess, answer.time)

    async def _decide(self, claim: _Claim) -> Grant:
        form, rid, guess, token = claim.form, claim.rid, claim.guess, claim.token
        credentials = self._credentials
        if isinstance(form, LoginForm) and guess is not None:
            return await credentials.log_in(form, rid, is_trusted=guess.is_trusted)
        if isinstance(form, PasswordForm) and token is not None and guess is not None:
            is_trusted = guess.is_trusted
            return await credentials.change_password(token, form, rid, is_trusted=is_trusted)
        if isinstance(form, RenewalForm) and token is not None:
            return await credentials.renew(token)
        raise DeniedError

    def _grant(self, form: Form, envelope: Envelope, answer: Grant | RefusedError) -> bytes:
        now = self._clock.now()
        if isinstance(answer, RefusedError):
            return encode_grant(form.key, envelope, now, refusal(answer, now))
        return encode_grant(form.key, envelope, now, answer)


def _open(envelope: Envelope, login: SealedLogin, prekey: Prekey) -> Form | None:
    try:
        form = read_form(open_login(envelope, login, prekey.statement, prekey.private))
    except (MalformedError, InvalidRequestError):
        return None
    return form if is_login_authentic(envelope, form.key) else None
