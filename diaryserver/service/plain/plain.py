"""Plain-text clients: who may speak without signing, whose diary they write, what they get back.

Long, since datagrams and lines share all but their first bytes.

Rules: plain text is neither private nor authentic, so only networks on the allow-list are heard;
a datagram whose source port is below 1024, one of ours or the tutorial's gets silence, or two
servers would talk to each other for ever; what a browser sends is no text. An answer means on disk
here too; what could not be kept gets none, or one that says so where the diary is full.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache, partial
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final, TypeAlias

from diaryserver.service.counters import Counters, Drop
from diaryserver.service.plain.dialect import (
    CLEARED,
    CREATED,
    ClearToday,
    Command,
    Keep,
    encode_day,
    encode_line,
    is_echo,
    no_room,
    read_command,
    stamped,
)
from diaryserver.service.plain.foreign import is_foreign_datagram
from diaryserver.service.ports.accounts import AccountStore
from diaryserver.service.ports.clock import Clock
from diaryserver.service.ports.entries import Appended, EntryStore, Outcome, Writing, new_entry
from diaryserver.service.source import Source
from diaryserver.service.throttle import MAX_REMEMBERED_HOSTS
from diaryserver.service.work.committer import Committer
from diaryserver.service.work.slices import Slices
from diaryserver.service.work.turns import GUESTS
from protocol.address import DEFAULT_PORT
from protocol.dayfile import Written, fold, parse_day_file
from protocol.errors import (
    BusyError,
    MalformedError,
    NotFoundError,
    QuotaError,
    RefusedError,
    StaleError,
)
from protocol.identifiers import Day, EntryId, Username
from protocol.stamp import Stamp

LEGACY: Final = "legacy"
"""What `v=` says of such an entry in its day file."""

MAX_DAY_READ: Final = 32 * 2**20
"""Twice what a day file may grow to."""

MAX_IN_FLIGHT: Final = 2048
"""Half of what the committer queues, so that plain text alone never makes signed writes wait. With
the longest datagrams that there are, 128 MiB; only networks on the allow-list are heard."""

FIRST_USER_PORT: Final = 1024
"""Below it are services that answer whatever they get (echo, chargen, DNS), never a person."""


@dataclass(frozen=True, slots=True)
class Route:
    """Texts from `network` go to `user`'s diary."""

    network: IPv4Network | IPv6Network
    user: Username


@dataclass(frozen=True, slots=True)
class PlainRules:
    """The `[legacy]` section: who is heard, whose diary it is, how replies are written."""

    allow: Sequence[IPv4Network | IPv6Network]
    routes: Sequence[Route]
    user: Username
    encoding: str
    reply_limit: int

    def user_for(self, host: str) -> Username | None:
        """Give whose diary texts from this IP address go to; None if it is not to be heard."""
        address = ip_address(host.partition("%")[0])
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        if not any(address in network for network in self.allow):
            return None
        for route in self.routes:
            if address in route.network:
                return route.user
        return self.user


CLEARED_MEANWHILE: Final = 8
"""So often is a day looked at again that another guest has just cleared."""

_Day: TypeAlias = str | list[Written]

Kept: TypeAlias = Callable[[Written | RefusedError], None]


@dataclass(frozen=True, slots=True)
class Understood:
    """A text that can be answered: what it asks, and the encoding that the answer is to have."""

    command: Command
    encoding: str


class PlainService:
    """Understands plain text and answers it; the same for datagrams and for lines."""

    def __init__(  # noqa: PLR0913 - the composition root hands in each part
        self,
        rules: PlainRules,
        clock: Clock,
        accounts: AccountStore,
        entries: EntryStore,
        committer: Committer,
        worker: Slices,
        random_bytes: Callable[[int], bytes],
        counters: Counters,
    ) -> None:
        """`worker` is the entry store's, `committer` the one that all appends share."""
        self.rules = rules
        self._user_of = lru_cache(MAX_REMEMBERED_HOSTS)(rules.user_for)
        self._clock = clock
        self._accounts = accounts
        self._entries = entries
        self._committer = committer
        self._worker = worker
        self._random_bytes = random_bytes
        self._counters = counters

    def user_for(self, host: str) -> Username | None:
        """Give whose diary it is; None, counted, if the sender is not to be heard."""
        user = self._user_of(host)
        if user is None or not self._accounts.has_user(user):
            self._counters.count(Drop.PLAIN_NOT_ALLOWED)
            return None
        return user

    def understand(self, data: bytes) -> Understood:
        """Read a text; raise MalformedError, counted, for what is none or an answer of a server."""
        try:
            command, encoding = read_command(data, self.rules.encoding)
        except MalformedError:
            self._counters.count(Drop.PLAIN_NOT_TEXT)
            raise
        if isinstance(command, Keep) and is_echo(command.text):
            self._counters.count(Drop.PLAIN_ECHO)
            raise MalformedError("an answer of a server like this one")
        return Understood(command, encoding)

    async def answer(
        self, user: Username, asked: Understood, limit: int | None = None, receipt: str = ""
    ) -> bytes:
        """Do what a text asks and give the reply, `receipt` before the line of a kept one.

        Raise RefusedError for what could not be kept.
        """
        command, encoding = asked.command, asked.encoding
        if isinstance(command, Keep):
            entry = await self._keep(user, command.text)
            return encode_line(receipt + stamped(entry), encoding, limit)
        action = self._clear if isinstance(command, ClearToday) else self._show
        entries = await _as_it_is(action, user)
        if isinstance(entries, str):
            return encode_line(entries, encoding, limit)
        return encode_day(entries, encoding, limit)

    def keep(self, user: Username, text: str, kept: Kept) -> None:
        """Keep a text, and call `kept` when it is on disk or refused; raise BusyError."""
        append = self._append(user, text)

        def done(outcomes: Sequence[Outcome]) -> None:
            [outcome] = outcomes
            kept(_written(append) if isinstance(outcome, Appended) else outcome)

        self._committer.submit((append,), done, GUESTS)

    async def _keep(self, user: Username, text: str) -> Written:
        append = self._append(user, text)
        await self._committer.append(append, GUESTS)
        return _written(append)

    def _append(self, user: Username, text: str) -> Writing:
        now = self._clock.now()
        entry_id = EntryId.make(now, self._random_bytes(10))
        stamp = Stamp(now, self._clock.local_offset(now))
        return new_entry(user, entry_id, stamp, text, starred=False, received=now, via=LEGACY)

    # One after the other, since a call that is not done in its turn is made again as a whole.

    async def _show(self, user: Username) -> _Day:
        day, run = self._today(), self._worker.run
        found = (await run(self._entries.list_days, user, day, day, 1)).rows
        if not found:
            await run(self._entries.create_day, user, day)
            return CREATED
        generation = found[0].generation
        chunk = await run(self._entries.read, user, day, generation, 0, MAX_DAY_READ)
        return fold(parse_day_file(chunk.data))

    async def _clear(self, user: Username) -> _Day:
        day, run = self._today(), self._worker.run
        found = (await run(self._entries.list_days, user, day, day, 1)).rows
        if found and found[0].size:
            rid = EntryId.make(self._clock.now(), self._random_bytes(10))
            await run(self._entries.clear, user, day, found[0].generation, rid)
        await run(self._entries.create_day, user, day)
        return CLEARED if found else CREATED

    def _today(self) -> Day:
        now = self._clock.now()
        return Stamp(now, self._clock.local_offset(now)).day


async def _as_it_is(action: Callable[[Username], Awaitable[_Day]], user: Username) -> _Day:
    """Do what asks for a day first, again where somebody cleared that meanwhile."""
    for _ in range(CLEARED_MEANWHILE):
        with suppress(StaleError, NotFoundError):
            return await action(user)
    raise BusyError


def _written(append: Writing) -> Written:
    return Written(append.stamp, append.id, append.text)


class PlainDatagrams:
    """Plain text by UDP: a datagram in, at most one out."""

    def __init__(self, service: PlainService, own_ports: set[int], counters: Counters) -> None:
        """`own_ports` are those that the server listens on."""
        self._service = service
        self._never_answered = own_ports | {DEFAULT_PORT}
        self._counters = counters
        self._unanswered = 0
        self._is_idle = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    def receive(self, data: bytes, source: Source, reply: Callable[[bytes], None]) -> None:
        """Take one datagram that is not of the protocol."""
        if source.port < FIRST_USER_PORT or source.port in self._never_answered:
            self._counters.count(Drop.PLAIN_NOT_ALLOWED)
            return
        if self._unanswered >= MAX_IN_FLIGHT:
            self._counters.count(Drop.PLAIN_NOT_KEPT)
            return
        user = self._service.user_for(source.host)
        if user is None:
            return
        if is_foreign_datagram(data):
            self._counters.count(Drop.PLAIN_FOREIGN)
            return
        try:
            asked = self._service.understand(data)
        except MalformedError:
            return  # counted by the service
        self._unanswered += 1
        if isinstance(asked.command, Keep):
            self._keep(user, asked.command.text, partial(self._kept, asked.encoding, reply))
            return
        task = asyncio.create_task(self._answer(user, asked, reply))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def finish(self) -> None:
        """Wait until all that was received is answered."""
        while self._unanswered:
            self._is_idle.clear()
            await self._is_idle.wait()

    def _keep(self, user: Username, text: str, kept: Kept) -> None:
        try:
            self._service.keep(user, text, kept)
        except RefusedError as error:
            kept(error)

    def _kept(
        self, encoding: str, reply: Callable[[bytes], None], entry: Written | RefusedError
    ) -> None:
        try:
            limit = self._service.rules.reply_limit
            if isinstance(entry, Written):
                reply(encode_line(stamped(entry), encoding, limit))
                return
            self._counters.count(Drop.PLAIN_NOT_KEPT)
            if isinstance(entry, QuotaError):
                reply(encode_line(no_room(str(entry)), encoding, limit))
        finally:
            self._end()

    async def _answer(
        self, user: Username, asked: Understood, reply: Callable[[bytes], None]
    ) -> None:
        try:
            reply(await self._service.answer(user, asked, self._service.rules.reply_limit))
        except RefusedError:
            self._counters.count(Drop.PLAIN_NOT_KEPT)
        finally:
            self._end()

    def _end(self) -> None:
        self._unanswered -= 1
        if not self._unanswered:
            self._is_idle.set()
