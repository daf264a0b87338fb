"""Logging in, the server's side: HELLO to OFFER, LOGIN to GRANT.

Rules: nothing is kept for a HELLO; a LOGIN costs a key agreement only behind a valid cookie, and a
password hash only behind the throttles; an unknown user gets the same bytes as a wrong password or
a wrong invite, after the same work; a repeated LOGIN gets the same GRANT, no second hash and no
second token, but one that was not decided (BUSY, STORAGE, throttled) is decided anew.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from diaryserver.service.alarm import Alarm
from diaryserver.service.cookies import CookieJar
from diaryserver.service.counters import Counters, Drop
from diaryserver.service.door import read_login_form, refusal
from diaryserver.service.gate import PasswordGate
from diaryserver.service.ports import AccountStore, Clock, PasswordHasher, Token, User
from diaryserver.service.prekeys import Prekey, Prekeys
from diaryserver.service.requests import SendReply
from diaryserver.service.source import Source
from diaryserver.service.threads import Workers
from diaryserver.service.throttle import (
    Guess,
    Limit,
    LoginThrottle,
    Throttle,
    network_of,
)
from protocol.envelope import KID_BYTES, NO_KID, SUITE, VERSION, Envelope
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
from protocol.identifiers import MAX_MILLISECONDS
from protocol.keys import ROOT_BYTES
from protocol.login import (
    SealedLogin,
    decode_login,
    encode_grant,
    is_login_authentic,
    login_digest,
    open_login,
)
from protocol.messages import Grant, LoginForm
from protocol.offer import Offer, decode_hello, encode_offer

MIN_PASSWORD: Final = 8
"""Characters; NIST SP 800-63B's least. The throttles, not the length, stop online guessing."""

MAX_REMEMBERED: Final = 4096
"""GRANTs kept for repetitions, 350 bytes each; a cookie lives 60 s, so older ones cannot repeat.

The throttles let fewer failures through in that time, and two threads hash 3,000 passwords.
"""

MAX_UNDECIDED: Final = 512
"""Logins that wait for a disk or a hash at one time."""

OPENINGS_PER_NETWORK: Final = Limit(60, 0.1)
"""Key agreements, 100 us each: ten a second for a network, beyond that silence."""

logger = logging.getLogger(__name__)


class LoginService:
    """Answers datagrams of kind HELLO and LOGIN."""

    def __init__(  # noqa: PLR0913 - the composition root hands in each part
        self,
        clock: Clock,
        accounts: AccountStore,
        hasher: PasswordHasher,
        prekeys: Prekeys,
        random_bytes: Callable[[int], bytes],
        workers: Workers,
        counters: Counters,
    ) -> None:
        """`random_bytes(n)` is the system's source of chance."""
        self._clock = clock
        self._accounts = accounts
        self._hasher = hasher
        self._prekeys = prekeys
        self._random_bytes = random_bytes
        self._workers = workers
        self._counters = counters
        self._cookies = CookieJar(random_bytes(32))
        secret = random_bytes(32)
        self._openings = Throttle(OPENINGS_PER_NETWORK, secret)
        self._throttle = LoginThrottle(secret)
        self._gate = PasswordGate()
        self._alarm = Alarm(logger, "logins are decided again", clock.monotonic)
        self._grants: OrderedDict[bytes, bytes | None] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()

    def hello(self, envelope: Envelope, source: Source, reply: SendReply) -> None:
        """Answer a HELLO with an OFFER, unless it speaks no version of ours."""
        try:
            hello = decode_hello(envelope)
        except MalformedError:
            self._counters.count(Drop.MALFORMED)
            return
        if not hello.lowest <= VERSION <= hello.highest:
            self._counters.count(Drop.NO_COMMON_VERSION)
            return
        self._offer(envelope, source, hello.nonce, reply)

    def login(self, envelope: Envelope, source: Source, reply: SendReply) -> None:
        """Answer a LOGIN with a GRANT, or with a fresh OFFER if its cookie or prekey is stale."""
        try:
            login = decode_login(envelope)
        except MalformedError:
            self._counters.count(Drop.MALFORMED)
            return
        now = self._clock.now()
        prekey = self._prekeys.find(login.statement_id, now)
        genuine = self._cookies.is_valid(login.cookie, source.packed(), login.nonce, now)
        if not genuine or prekey is None:
            self._offer(envelope, source, login.nonce, reply)
            return
        digest = login_digest(envelope)
        if digest in self._grants:
            self._repeat(digest, reply)
            return
        network = network_of(source.host)
        if not self._openings.take(network, self._clock.monotonic()):
            self._counters.count(Drop.LOGIN_FLOOD)
            return
        form = _open(envelope, login, prekey)
        if form is None:
            self._counters.count(Drop.BAD_LOGIN)
            return
        guess = Guess(form.user, network, self._gate.is_trusted(network))
        refused = self._refusal(form, guess)
        if refused is not None:
            reply(self._grant(form, envelope, refused))
            return
        self._remember(digest, None)
        task = asyncio.create_task(self._answer(envelope, form, guess, source, reply))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def finish(self) -> None:
        """Wait until all logins that were begun are answered."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _offer(self, envelope: Envelope, source: Source, nonce: bytes, reply: SendReply) -> None:
        now = self._clock.now()
        cookie = self._cookies.make(source.packed(), nonce, now)
        prekey = self._prekeys.current(now)
        offer = Offer(cookie, prekey.statement, prekey.signature)
        reply(encode_offer(envelope.rid, now, offer))

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

    def _refusal(self, form: LoginForm, guess: Guess) -> RefusedError | None:
        """Refuse what needs no look at a password; else spend the throttles' tokens."""
        if not form.lowest <= VERSION <= form.highest:
            return InvalidRequestError(f"this server speaks version {VERSION} only")
        if form.invite and len(form.password) < MIN_PASSWORD:
            return InvalidRequestError(f"a password has at least {MIN_PASSWORD} characters")
        if len(self._tasks) >= MAX_UNDECIDED:
            self._counters.count(Drop.LOGIN_FLOOD)
            return BusyError()
        if not self._throttle.take(guess, self._clock.monotonic()):
            self._counters.count(Drop.LOGIN_THROTTLED)
            return RateError()
        return None

    async def _answer(
        self, envelope: Envelope, form: LoginForm, guess: Guess, source: Source, reply: SendReply
    ) -> None:
        answer: Grant | RefusedError
        try:
            answer = await self._decide(form, guess)
            self._alarm.works()
        except RefusedError as error:
            answer = error
        except Exception:  # noqa: BLE001 - said by the alarm; the client must not wait for nothing
            self._alarm.failed("a login failed", trace=True)
            answer = StorageError("the server failed; see its log")
        if isinstance(answer, DeniedError):
            logger.warning("login refused: user=%s from=%s", form.user, source.host)
        elif isinstance(answer, RefusedError):
            self._counters.count(Drop.LOGIN_UNDECIDED)
        if not isinstance(answer, DeniedError):
            self._throttle.give_back(guess)  # only a wrong guess counts as one
        grant = self._grant(form, envelope, answer)
        digest = login_digest(envelope)
        if isinstance(answer, RefusedError) and answer.code in NOT_YET:
            self._grants.pop(digest, None)
        else:
            self._remember(digest, grant)
        reply(grant)

    def _grant(self, form: LoginForm, envelope: Envelope, answer: Grant | RefusedError) -> bytes:
        now = self._clock.now()
        if isinstance(answer, RefusedError):
            return encode_grant(form.key, envelope, now, refusal(answer, now))
        return encode_grant(form.key, envelope, now, answer)

    async def _decide(self, form: LoginForm, guess: Guess) -> Grant:
        user = await self._workers.accounts.run(self._accounts.find_user, form.user)
        async with self._gate.admit(guess.network):
            hashed = await self._accepted_hash(user, form)
        if user is None or hashed is None:
            raise DeniedError
        grant = await self._mint(user, form, hashed)
        self._gate.trust(guess.network)
        return grant

    async def _accepted_hash(self, user: User | None, form: LoginForm) -> str | None:
        """Give the hash of the accepted password, an invite's new one included."""
        accounts, workers, hasher = self._accounts, self._workers, self._hasher
        if form.invite:
            now = self._clock.now()
            if not await workers.accounts.run(accounts.is_invite, user, form.invite, now):
                return None
            return await workers.passwords.run(hasher.hash, form.password)
        hashed = await workers.accounts.run(accounts.password_hash, user)
        fits = await workers.passwords.run(hasher.is_password, hashed, form.password)
        return hashed if fits else None

    async def _mint(self, user: User, form: LoginForm, hashed: str) -> Grant:
        now = self._clock.now()
        token = Token(
            kid=self._new_kid(),
            uid=user.uid,
            user=user.name,
            salt=self._random_bytes(ROOT_BYTES),
            generation=1,
            suite=SUITE,
            scopes=form.scopes,
            label=form.label,
            created=now,
            expires=min(now + form.lifetime, MAX_MILLISECONDS) if form.lifetime else 0,
            used=0,
            revoked=0,
        )
        accounts = self._accounts
        if not await self._workers.accounts.run(accounts.mint, token, form.invite, hashed):
            raise DeniedError
        root = accounts.root(token)
        return Grant(token.kid, root, token.expires, token.scopes, VERSION, now)

    def _new_kid(self) -> bytes:
        while True:
            kid = self._random_bytes(KID_BYTES)
            if kid != NO_KID and self._accounts.token(kid) is None:
                return kid


def _open(envelope: Envelope, login: SealedLogin, prekey: Prekey) -> LoginForm | None:
    try:
        form = read_login_form(open_login(envelope, login, prekey.statement, prekey.private))
    except (MalformedError, InvalidRequestError):
        return None
    return form if is_login_authentic(envelope, form.key) else None
