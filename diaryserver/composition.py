"""The composition root: builds the service on top of the open data, and what operates both."""

import logging
import os
from dataclasses import dataclass

from diaryserver.admin.keys import KeyOperations
from diaryserver.admin.operations import Operations
from diaryserver.admin.tokens import TokenOperations
from diaryserver.admin.users import UserOperations
from diaryserver.announcing.steps import Announce
from diaryserver.clock import SystemClock
from diaryserver.configuration import Configuration, LegacySection
from diaryserver.engine import Data
from diaryserver.maintenance.upkeep import CallStore, Upkeep
from diaryserver.service.alarm import Alarm
from diaryserver.service.counters import Counters
from diaryserver.service.logins.guessing import LoginThrottle
from diaryserver.service.logins.known import KnownNetworks
from diaryserver.service.logins.login import LoginService
from diaryserver.service.logins.offering import Offering
from diaryserver.service.logins.prekeys import Prekeys
from diaryserver.service.plain.plain import PlainDatagrams, PlainRules, PlainService, Route
from diaryserver.service.ports.clock import Clock
from diaryserver.service.ports.entries import EntryStore
from diaryserver.service.requests.requests import RequestService
from diaryserver.service.router import Receiver, Router
from diaryserver.service.work.committer import Committer
from diaryserver.service.work.slices import Slices
from diaryserver.service.work.threads import Workers, call_here
from diaryserver.service.work.turns import GUESTS
from protocol.address import Address
from protocol.errors import UsageError
from protocol.identifiers import Username
from protocol.identity import fingerprint

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Runtime:
    """What runs a server: its clock, its threads, its counters of dropped datagrams.

    `announce` is told the steps of a request, if somebody listens.
    """

    clock: Clock
    workers: Workers
    counters: Counters
    announce: Announce | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """What the sockets feed: datagrams to `router`, lines to `plain` where plain text is on.

    `known` tells which networks' log-ins are to have a queue of their own.
    """

    router: Router
    plain: PlainService | None
    known: KnownNetworks


def build_service(data: Data, runtime: Runtime, legacy: LegacySection, ports: set[int]) -> Service:
    """Give the service on top of the data; `ports` are those the server listens on."""
    clock, workers, counters = runtime.clock, runtime.workers, runtime.counters
    accounts, entries = data.accounts, data.entries
    committer = Committer(entries, workers.entries, accounts.may_write, clock.monotonic)
    requests = RequestService(clock, accounts, entries, committer, workers, os.urandom, counters)
    prekeys = Prekeys(data.keys.identity)
    throttle = LoginThrottle(
        data.keys.throttle_secret(),
        data.throttles,
        workers.accounts,
        Alarm(logger, "throttles are kept over a restart again", clock.monotonic),
    )
    known = KnownNetworks()
    logins = LoginService(
        clock,
        accounts,
        data.hasher,
        Offering(clock, prekeys, known, os.urandom, requests.is_busy),
        os.urandom,
        workers,
        counters,
        throttle,
        known,
    )
    plain = plain_datagrams = None
    if legacy.enabled:
        rules = _plain_rules(legacy)
        plain = PlainService(
            rules,
            clock,
            accounts,
            entries,
            committer,
            Slices(workers.entries.of(GUESTS), entries, clock.monotonic),
            os.urandom,
            counters,
        )
        plain_datagrams = PlainDatagrams(plain, ports, counters)
    receiver = _announced(requests, runtime.announce)
    return Service(Router(receiver, logins, plain_datagrams, counters), plain, known)


def _announced(requests: RequestService, announce: Announce | None) -> Receiver:
    if announce is None:
        return requests
    from diaryserver.announcing.receiver import AnnouncingReceiver  # noqa: PLC0415 - for tests only

    return AnnouncingReceiver(requests, announce)


def _plain_rules(legacy: LegacySection) -> PlainRules:
    return PlainRules(
        allow=legacy.allow,
        routes=[Route(route.network, Username(route.user)) for route in legacy.route],
        user=Username(legacy.user),
        encoding=legacy.encoding,
        reply_limit=legacy.reply_limit,
    )


@dataclass(frozen=True, slots=True)
class _CalledDiaries:
    """The entry store for a thread that is not its own."""

    entries: EntryStore
    call: CallStore

    def retire(self, user: Username, uid: bytes) -> str:
        return self.call(self.entries.retire, user, uid)

    def purge(self, user: Username, uid: bytes) -> None:
        self.call(self.entries.purge, user, uid)


@dataclass(frozen=True, slots=True)
class Operating:
    """What operates the data: commands by name, and the users' among them."""

    operations: Operations
    users: UserOperations


def build_operations(
    data: Data,
    configuration: Configuration,
    runtime: Runtime | None = None,
    bound: Address | None = None,
) -> Operating:
    """Give the operator's commands: on a running server's `runtime` and `bound` address, or not."""

    def public_address() -> Address:
        chosen = configuration.server.public_address or bound or configuration.server.listen[0]
        if not chosen.port:
            raise UsageError(
                "an invite names a port: set server.public_address, or start the server"
            )
        return chosen

    call = runtime.workers.entries.wait_for if runtime else call_here

    clock = runtime.clock if runtime else SystemClock()
    shown = fingerprint(data.keys.public_identity())
    diaries = _CalledDiaries(data.entries, call)
    users = UserOperations(clock, data.accounts, diaries, data.hasher, shown, public_address)
    tokens = TokenOperations(clock, data.accounts, os.urandom)
    keys = KeyOperations(clock, data.accounts, shown)
    upkeep = Upkeep(configuration.data, data.accounts, data.day_files, call)
    operations = Operations(users.commands(), tokens.commands(), keys.commands(), upkeep.commands())
    return Operating(operations, users)
