"""The whole service without sockets: real stores, a frozen clock, chance that repeats.

Datagrams go in at the router, as the network brings them, and what comes back is collected.
"""

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeVar

from diaryserver.accounts.connection import Connection
from diaryserver.accounts.database import SqliteAccounts
from diaryserver.accounts.keyfiles import open_keys
from diaryserver.accounts.schema import open_database
from diaryserver.accounts.throttles import SqliteThrottles
from diaryserver.engine import open_entries
from diaryserver.service.alarm import Alarm
from diaryserver.service.counters import Counters, Drop
from diaryserver.service.logins.guessing import LoginThrottle
from diaryserver.service.logins.known import KnownNetworks
from diaryserver.service.logins.login import LoginService
from diaryserver.service.logins.offering import Offering
from diaryserver.service.logins.prekeys import Prekeys
from diaryserver.service.ports.accounts import AccountStore, PasswordHasher, Token, User
from diaryserver.service.ports.entries import EntryStore
from diaryserver.service.ports.throttles import ThrottleStore
from diaryserver.service.requests.requests import RequestService
from diaryserver.service.router import Router
from diaryserver.service.source import Source
from diaryserver.service.token_life import Seed, Wish, token_of_login
from diaryserver.service.work.committer import Committer
from diaryserver.service.work.threads import Workers
from protocol.channel import open_reply, seal_request
from protocol.envelope import TAG_BYTES, Envelope, Kind, parse_envelope
from protocol.identifiers import EntryId, Username
from protocol.keys import TokenKeys, derive_token_keys, seal
from protocol.login import encode_login, login_binding, open_grant, prove
from protocol.messages.account import Grant
from protocol.messages.base import Refusal, Reply, Request
from protocol.messages.coding import decode_reply
from protocol.messages.forms import Form, LoginForm, ProvenForm
from protocol.messages.table import BY_REQUEST
from protocol.messages.writing import Put
from protocol.offer import Hello, Offer, decode_offer, encode_hello, verify_offer
from tests.server.fakes import FakeHasher, FrozenClock, new_id, seeded

HERE: Final = Source("192.0.2.1", 40_000)
ELSEWHERE: Final = Source("198.51.100.7", 40_000)
ALICE: Final = Username("alice")
PASSWORD: Final = "correct horse"
NONCE: Final = b"n" * 32
REPLY_KEY: Final = b"k" * 32
_T = TypeVar("_T")


class World:
    """A service and everything below it."""

    def __init__(
        self,
        accounts: SqliteAccounts,
        throttles: ThrottleStore,
        entries: EntryStore,
        workers: Workers,
        prekeys: Prekeys,
    ) -> None:
        """Built by `world`."""
        self.clock = FrozenClock()
        self.hasher = FakeHasher()
        self.counters = Counters()
        self.accounts = accounts
        self.throttles = throttles
        self.entries = entries
        self.prekeys = prekeys
        self.workers = workers
        self.runner = asyncio.Runner()
        self._kids = itertools.count(1)
        self.serve_requests(accounts)
        self.serve_logins(accounts, self.hasher)

    def serve_requests(self, accounts: AccountStore) -> None:
        """Serve requests on these; the router knows of it with the next `serve_logins`."""
        entries, workers = self.entries, self.workers
        committer = Committer(entries, workers.entries, accounts.may_write, self.clock.monotonic)
        self.requests = RequestService(
            self.clock, accounts, entries, committer, workers, seeded(5), self.counters
        )

    def serve_logins(self, accounts: AccountStore, hasher: PasswordHasher, seed: int = 3) -> None:
        """Serve logins anew, on these; with another `seed` as a restarted server would."""
        alarm = Alarm(logging.getLogger(__name__), "kept again", self.clock.monotonic)
        throttle = LoginThrottle(bytes(32), self.throttles, self.workers.accounts, alarm)
        chance, self.known = seeded(seed), KnownNetworks()
        is_busy = self.requests.is_busy
        logins = LoginService(
            self.clock,
            accounts,
            hasher,
            Offering(self.clock, self.prekeys, self.known, chance, is_busy),
            chance,
            self.workers,
            self.counters,
            throttle,
            self.known,
        )
        self.router = Router(self.requests, logins, None, self.counters)

    def run(self, function: Callable[[], Awaitable[_T]]) -> _T:
        """Run on the event loop that the service lives on."""

        async def call() -> _T:
            return await function()

        return self.runner.run(call())

    def send(self, *datagrams: bytes, source: Source = HERE) -> list[bytes]:
        """Bring datagrams in at once, wait until all is done, and give the replies."""
        replies: list[bytes] = []

        async def bring() -> None:
            for datagram in datagrams:
                self.router.receive(datagram, source, replies.append)
            await self.router.finish()

        self.run(bring)
        return replies

    def dropped(self, reason: Drop) -> int:
        """Give how many datagrams were dropped for this reason so far."""
        return self.counters.totals[reason]

    def user(self, name: Username = ALICE, password: str = PASSWORD) -> User:
        """Add a user with a password."""
        user = self.accounts.add_user(name, self.clock.now())
        self.accounts.set_password_hash(user, f"hash of {password}")
        return user

    def device(
        self,
        user: User | None = None,
        *,
        scopes: str = "full",
        expires: int = 0,
        fixed: bool = False,
        label: str = "laptop",
    ) -> "Device":
        """Give a user's device a token."""
        owner = user or self.accounts.find_user(ALICE) or self.user()
        number, now = next(self._kids), self.clock.now()
        seed = Seed(number.to_bytes(8, "big"), number.to_bytes(32, "big"), 1, now)
        lifetime = expires - now if expires else 0
        token = token_of_login(seed, owner, Wish(label, scopes, lifetime, fixed))
        token = replace(token, expires=expires)
        assert self.accounts.mint(token, b"", "hash")
        return Device(self, token, derive_token_keys(self.accounts.root(token), token.kid))

    def offer(self, source: Source = HERE, rid: EntryId | None = None) -> Offer:
        """Say HELLO and give the OFFER."""
        hello = encode_hello(rid or new_id(), self.clock.now(), Hello(NONCE, 1, 1))
        [reply] = self.send(hello, source=source)
        offer = decode_offer(parse_envelope(reply))
        verify_offer(offer)
        return offer

    def login(
        self, form: Form, *, offer: Offer | None = None, source: Source = HERE
    ) -> Grant | Refusal:
        """Log in from the first word to the GRANT."""
        return self.granted(self.sealed_login(form, offer or self.offer(source)), form, source)

    def sealed_login(self, form: Form, offer: Offer) -> bytes:
        """Give a LOGIN's bytes."""
        return encode_login(new_id(), self.clock.now(), offer, NONCE, form)

    def proven_login(self, form: ProvenForm, root: bytes, offer: Offer) -> bytes:
        """Give a LOGIN's bytes, the token of `form` proven for it by `root`."""
        rid, now = new_id(), self.clock.now()
        binding = login_binding(rid, now, offer, NONCE)
        proof = prove(root, type(form), form.kid, form.key, binding)
        return encode_login(rid, now, offer, NONCE, replace(form, proof=proof))

    def granted(self, login: bytes, form: Form, source: Source = HERE) -> Grant | Refusal:
        """Send a LOGIN and open its GRANT."""
        [reply] = self.send(login, source=source)
        return opened_grant(login, form, reply)


class Inbox:
    """Collects replies, and can be waited on while the service is still at work."""

    def __init__(self) -> None:
        """Nothing has arrived."""
        self.replies: list[bytes] = []
        self._arrived = asyncio.Event()

    def __call__(self, reply: bytes) -> None:
        """Take one."""
        self.replies.append(reply)
        self._arrived.set()

    async def wait_for(self, number: int) -> None:
        """Return when so many have arrived."""
        async with asyncio.timeout(10):
            while len(self.replies) < number:
                self._arrived.clear()
                await self._arrived.wait()


class Device:
    """A token and its keys: what a client has after a login."""

    def __init__(self, world: World, token: Token, keys: TokenKeys) -> None:
        """`keys` are the client's own."""
        self.world = world
        self.token = token
        self.keys = keys

    def request(self, request: Request, rid: EntryId | None = None, *, skew: int = 0) -> bytes:
        """Give a request's datagram; `skew` is how far this clock is ahead, in ms."""
        return seal_request(self.keys, rid or new_id(), self.world.clock.now() + skew, request)

    def garbage(self, plaintext: bytes) -> bytes:
        """Give a datagram that is signed and sealed as it must be, whatever is in it."""
        now = self.world.clock.now()
        return seal(self.keys.to_server, Kind.REQUEST, self.keys.kid, new_id(), now, plaintext)

    def ask(
        self, request: Request, rid: EntryId | None = None, *, skew: int = 0
    ) -> Reply | Refusal:
        """Ask and give the one answer."""
        datagram = self.request(request, rid, skew=skew)
        [reply] = self.world.send(datagram)
        return self.opened(reply, datagram, request)

    def opened(self, reply: bytes, datagram: bytes, request: Request) -> Reply | Refusal:
        """Open the reply to a datagram."""
        plaintext = open_reply(self.keys, parse_envelope(reply), datagram[-TAG_BYTES:])
        return decode_reply(BY_REQUEST[type(request)].reply, plaintext)

    def put(self, text: str = "a line", rid: EntryId | None = None) -> Reply | Refusal:
        """Write an entry of now."""
        return self.ask(Put(self.world.clock.now(), 0, text), rid)


def form_of(
    user: Username = ALICE, password: str = PASSWORD, invite: bytes = b"", **other: object
) -> LoginForm:
    """Give a login form."""
    fields: dict[str, object] = {
        "key": REPLY_KEY,
        "label": "laptop",
        "scopes": "full",
        "lifetime": 0,
        "lowest": 1,
        "highest": 1,
    }
    return LoginForm(user, password, invite, **(fields | other))  # type: ignore[arg-type]


def opened_grant(login: bytes, form: Form, reply: bytes) -> Grant | Refusal:
    """Open what answers a LOGIN."""
    plaintext = open_grant(form.key, parse_envelope(login), parse_envelope(reply))
    return decode_reply(Grant, plaintext)


def code_of(answer: object) -> str:
    """Give a refusal's code, or OK."""
    return str(answer.code) if isinstance(answer, Refusal) else "OK"


def envelope_of(datagram: bytes) -> Envelope:
    """Parse a reply's envelope."""
    return parse_envelope(datagram)


@contextmanager
def opened_world(
    folder: Path, wrapped: Callable[[EntryStore], EntryStore] = lambda store: store
) -> Iterator[World]:
    """Build a service on what lies in a folder; `wrapped` may stand in front of the entry store."""
    with ExitStack() as stack:
        first_start = not (folder / "accounts.sqlite3").exists()
        keys = open_keys(folder / "keys", seeded(), first_start=first_start)
        connection = open_database(folder / "accounts.sqlite3")
        accounts = SqliteAccounts(connection, keys, seeded(2), "hash of nothing")
        stack.callback(accounts.close)
        entries = wrapped(stack.enter_context(open_entries(folder)))
        workers = Workers()
        stack.callback(workers.close)
        opened = World(
            accounts,
            SqliteThrottles(Connection(connection)),
            entries,
            workers,
            Prekeys(keys.identity),
        )
        stack.callback(opened.runner.close)
        yield opened


def flipped(datagram: bytes, bits: Sequence[int] | range | None = None) -> Iterator[bytes]:
    """Give a datagram with one bit changed, for each of these bits, or for every one."""
    for bit in range(8 * len(datagram)) if bits is None else bits:
        changed = bytearray(datagram)
        changed[bit // 8] ^= 1 << bit % 8
        yield bytes(changed)
