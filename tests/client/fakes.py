"""A server in memory, and a clock that moves only when somebody waits."""

import hashlib
import os
import random
import stat
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from diaryclient.asking.exchange import Chance
from diaryclient.clock import Instant
from diaryclient.home.logins import Login
from protocol.address import Address
from protocol.channel import seal_reply
from protocol.dayfile import Written, format_record, histories, parse_day_file
from protocol.envelope import Envelope, Kind, parse_envelope
from protocol.errors import ErrorCode, MalformedError
from protocol.fields import read_fields
from protocol.identifiers import Day, EntryId, Username
from protocol.identity import fingerprint
from protocol.keys import open_sealed
from protocol.login import (
    decode_login,
    encode_grant,
    login_digest,
    open_login,
    sealed_binding,
)
from protocol.messages.account import Grant
from protocol.messages.archive import ArchiveList, ArchiveRow, Archives, Recover, Recovered
from protocol.messages.base import MAX_SKEW_MILLISECONDS, Refusal, Reply, Request
from protocol.messages.batch import Batch, Batched, EntryRow, ResultRow
from protocol.messages.changes import Amend, Remove, Restore
from protocol.messages.coding import encode_reply
from protocol.messages.diary import MAX_CHUNK, Chunk, Clear, Cleared, DayList, DayRow, Days, Read
from protocol.messages.finding import Found, Search
from protocol.messages.following import Tail
from protocol.messages.forms import Form, LoginForm, split_form
from protocol.messages.parts import Part, Received, bitmap_of
from protocol.messages.table import BY_NAME
from protocol.messages.usage import Usage, Used
from protocol.messages.writing import Put, Stored
from protocol.offer import Offer, Statement, decode_hello, encode_offer
from protocol.packing import unpack, unpack_long
from protocol.stamp import Stamp
from tests.client.fake_account import FakeAccount, FakeToken
from tests.client.fake_changes import make_change, search_files
from tests.client.fake_tail import FakeTail

START: Final = 1_795_000_000_000
ADDRESS: Final = Address("diary.test", 8888)
ALICE: Final = Username("alice")
KID: Final = b"kid-0001"
ROOT: Final = bytes(range(32))


@dataclass
class FakeClock:
    """Stands still until somebody waits; `wall` may be wrong by any amount."""

    wall: int = START
    monotonic: float = 0.0
    offset: int = 0

    def instant(self) -> Instant:
        """As Clock."""
        return Instant(self.wall + round(self.monotonic * 1000), self.monotonic)

    def local_offset(self, at: int) -> int:  # noqa: ARG002 - always the same zone
        """As Clock."""
        return self.offset


def seeded(seed: int = 1) -> Chance:
    """Chance that repeats."""
    return random.Random(seed).randbytes


@dataclass
class FakeServer:
    """Knows one token at first; `refusals` are given to the next requests, one each.

    `parts` are those of long requests that are not whole yet; who empties it has started anew.

    `row_refusals` are given to the next entries of batches, one each; OK refuses nothing.

    An entry whose text is `silent_to`, or every request of that type, gets no answer. `hints` puts
    the renewal hint into replies.
    """

    clock: FakeClock
    ahead: int = 0
    knows_token: bool = True
    password: str = "correct horse"
    piece: int = MAX_CHUNK
    identity: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    note: str = ""
    refusals: deque[ErrorCode] = field(default_factory=deque)
    row_refusals: deque[ErrorCode] = field(default_factory=deque)
    silent_to: str | type[Request] = ""
    stale_cookies: int = 0
    hints: bool = False
    versions: tuple[int, int] = (1, 1)
    not_before: int = 0
    files: dict[Day, bytes] = field(default_factory=dict)
    generations: dict[Day, int] = field(default_factory=dict)
    archives: dict[str, tuple[Day, bytes]] = field(default_factory=dict)
    contents: dict[EntryId, Put] = field(default_factory=dict)
    parts: dict[bytes, dict[int, bytes]] = field(default_factory=dict)
    requests: list[tuple[EntryId, Request]] = field(default_factory=list)
    kinds: list[Kind] = field(default_factory=list)
    logins: list[bytes] = field(default_factory=list)
    forms: list[LoginForm] = field(default_factory=list)
    proven: list[Form] = field(default_factory=list)
    before_read: Callable[[], None] = lambda: None
    before_change: Callable[[], None] = lambda: None
    change_refused: ErrorCode | None = None
    before_search: Callable[[], None] = lambda: None
    found: Found | None = None
    received: Received | None = None
    clear_refused: ErrorCode | None = None
    archive_list: ArchiveList | None = None
    limits: tuple[int, int, int, int] = (10_000, 1_000_000, 0, 0)
    usage_refused: ErrorCode | None = None

    def __post_init__(self) -> None:
        self.account = FakeAccount(ALICE, KID, ROOT, lambda: self.now, self.password)
        self.keys = self.account.tokens[KID].keys
        self.tail = FakeTail(self._changed_days)
        self.prekey = X25519PrivateKey.generate()
        self.grants: dict[bytes, bytes] = {}

    @property
    def now(self) -> int:
        """The server's clock, in ms since the epoch."""
        return self.clock.instant().wall + self.ahead

    @property
    def fingerprint(self) -> str:
        """What clients are shown."""
        return fingerprint(self.identity.public_key().public_bytes_raw())

    def receive(self, datagram: bytes) -> list[bytes]:
        """Give what the server answers to one datagram."""
        try:
            envelope = parse_envelope(datagram)
            self.kinds.append(envelope.kind)
            if envelope.kind is Kind.REQUEST:
                return self._request(envelope)
            if envelope.kind is Kind.HELLO:
                decode_hello(envelope)
                return [self.offer(envelope.rid)]
            if envelope.kind is Kind.LOGIN:
                self.logins.append(datagram)
                return self._login(envelope)
        except MalformedError:
            pass
        return []

    def offer(self, rid: EntryId) -> bytes:
        """Give an OFFER for a HELLO with that id."""
        statement = self._statement()
        offer = Offer(os.urandom(24), statement, self.identity.sign(statement.encode()))
        return encode_offer(rid, self.now, offer)

    def _statement(self) -> Statement:
        begin = self.not_before or START - 3_600_000
        return Statement(
            identity=self.identity.public_key().public_bytes_raw(),
            prekey=self.prekey.public_key().public_bytes_raw(),
            not_before=begin,
            not_after=begin + 7_200_000,
            lowest=self.versions[0],
            highest=self.versions[1],
        )

    def _login(self, envelope: Envelope) -> list[bytes]:
        if self.stale_cookies > 0:
            self.stale_cookies -= 1
            return [self.offer(envelope.rid)]
        digest = login_digest(envelope)
        if digest not in self.grants:
            sealed = decode_login(envelope)
            plaintext = open_login(envelope, sealed, self._statement(), self.prekey)
            kind, values = split_form(plaintext)
            form = read_fields(kind, values)
            if isinstance(form, LoginForm):
                self.forms.append(form)
            else:
                self.proven.append(form)
            answer = self._grant(form, sealed_binding(envelope, sealed, self._statement()))
            self.grants[digest] = encode_grant(form.key, envelope, self.now, answer)
        return [self.grants[digest]]

    def _grant(self, form: Form, binding: bytes) -> Grant | Refusal:
        if self.refusals:
            return Refusal(self.refusals.popleft(), self.note, self.now)
        return self.account.grant(form, binding)

    def _request(self, envelope: Envelope) -> list[bytes]:
        token = self.account.tokens.get(envelope.kid)
        if not self.knows_token or token is None:
            return []
        values = unpack(open_sealed(token.keys.to_server, envelope))
        operation = BY_NAME[str(values.pop("op"))]
        request = read_fields(operation.request, values)
        self.requests.append((envelope.rid, request))
        if self._is_silent_to(request):
            return []
        answer = self._answer(envelope, token, request)
        renew = self.hints and isinstance(answer, Reply)
        return [seal_reply(token.keys, envelope, self.now, answer, renew=renew)]

    def _is_silent_to(self, request: Request) -> bool:
        if isinstance(self.silent_to, type):
            return isinstance(request, self.silent_to)
        return isinstance(request, Put) and request.text == self.silent_to

    def _answer(self, envelope: Envelope, token: FakeToken, request: Request) -> Reply | Refusal:
        if self.refusals:
            return Refusal(self.refusals.popleft(), self.note, self.now)
        if token.ended:
            return Refusal(token.ended, self.note, self.now)
        if abs(envelope.timestamp - self.now) > MAX_SKEW_MILLISECONDS:
            return Refusal(ErrorCode.BADTIME, "", self.now)
        refused = self.account.refusal(token, request)
        if refused:
            return Refusal(refused, self.note, self.now)
        return self.account.answer(token, request) or self._answer_diary(envelope.rid, request)

    def _answer_diary(self, rid: EntryId, request: Request) -> Reply | Refusal:
        if isinstance(request, Put):
            return self._put(rid, request)
        if isinstance(request, Amend | Remove | Restore):
            self.before_change()
            if self.change_refused:
                return Refusal(self.change_refused, self.note, self.now)
            return make_change(self.files, rid, request, self.now)
        if isinstance(request, Search):
            self.before_search()
            return self.found or search_files(self.files, request)
        handlers: dict[type[Request], Callable[[Any], Reply | Refusal]] = {
            Batch: self._batch,
            Part: self._part,
            Days: self._days,
            Read: self._read,
            Clear: self._clear,
            Archives: self._list_archives,
            Tail: self.tail.answer,
            Recover: self._recover,
            Usage: self._usage,
        }
        return handlers[type(request)](request)

    def _part(self, part: Part) -> Reply | Refusal:
        if self.received:
            return self.received
        pieces = self.parts.setdefault(part.digest, {})
        pieces[part.number] = part.data
        if len(pieces) < part.count:
            return Received(bitmap_of(pieces, part.count), b"")
        del self.parts[part.digest]
        whole = b"".join(pieces[number] for number in range(part.count))
        assert hashlib.sha256(whole).digest() == part.digest
        values = unpack_long(whole)
        request = read_fields(BY_NAME[str(values.pop("op"))].request, values)
        answer = self._answer_diary(part.id, request)
        return answer if isinstance(answer, Refusal) else Received(b"", encode_reply(answer))

    def _usage(self, request: Usage) -> Reply | Refusal:
        if self.usage_refused:
            return Refusal(self.usage_refused, "", self.now)
        size, entries = (sum(map(each, self.files)) for each in (self._size, self._count))
        days = [request.day] if request.day in self.files else []
        today = (sum(map(self._size, days)), sum(map(self._count, days)))
        return Used(size, entries, *today, *self.limits)

    def _size(self, day: Day) -> int:
        return len(self.files[day])

    def _batch(self, request: Batch) -> Batched:
        return Batched(tuple(map(self._store_row, request.rows)))

    def _store_row(self, row: EntryRow) -> ResultRow:
        if self.row_refusals and (code := self.row_refusals.popleft()) is not ErrorCode.OK:
            return ResultRow(code, dup=False)
        answer = self._put(row.id, Put(row.at, row.off, row.text, row.star))
        if isinstance(answer, Refusal):
            return ResultRow(answer.code, dup=False)
        return ResultRow(ErrorCode.OK, dup=isinstance(answer, Stored) and answer.dup)

    def _put(self, rid: EntryId, put: Put) -> Reply | Refusal:
        if put.at > self.now + MAX_SKEW_MILLISECONDS:
            return Refusal(ErrorCode.INVALID, "the entry's time is in the future", self.now)
        stamp = Stamp(put.at, put.off)
        known = self.contents.setdefault(rid, put)
        if known is put:
            line = format_record(Written(stamp, rid, put.text, put.star))
            self.files[stamp.day] = self.files.get(stamp.day, b"") + line
        elif known != put:
            return Refusal(ErrorCode.CONFLICT, "", self.now)
        return Stored(stamp.day, known is not put)

    def _changed_days(self) -> dict[Day, DayRow]:
        days = self.files.keys() | self.generations.keys()
        return {
            day: DayRow(day, self.generations.get(day, 0), 0, len(self.files.get(day, b"")))
            for day in sorted(days)
        }

    def _days(self, request: Days) -> DayList:
        days = sorted(day for day in self.files if request.first <= day <= request.last)
        rows = (
            DayRow(day, self.generations.get(day, 0), self._count(day), len(self.files[day]))
            for day in days[:30]
        )
        return DayList(tuple(rows), len(days) > 30)

    def _count(self, day: Day) -> int:
        return sum(isinstance(record, Written) for record in parse_day_file(self.files[day]))

    def _read(self, request: Read) -> Reply | Refusal:
        self.before_read()
        if request.generation != self.generations.get(request.day, 0):
            return Refusal(ErrorCode.STALE, "", self.now)
        data = self.files[request.day]
        return Chunk(data[request.offset : request.offset + self.piece], len(data))

    def _clear(self, request: Clear) -> Reply | Refusal:
        generation = self.generations.get(request.day, 0)
        if self.clear_refused or request.generation != generation:
            return Refusal(self.clear_refused or ErrorCode.STALE, "", self.now)
        name = f"{request.day}.{generation}.log"
        self.archives[name] = request.day, self.files.pop(request.day)
        self.generations[request.day] = generation + 1
        return Cleared(name)

    def _list_archives(self, request: Archives) -> ArchiveList:
        if self.archive_list:
            return self.archive_list
        names = [name for name in sorted(self.archives) if name > request.after]
        rows = tuple(self._archive_row(name) for name in names[:2])
        return ArchiveList(rows, len(names) > 2)

    def _archive_row(self, name: str) -> ArchiveRow:
        day, data = self.archives[name]
        ids = set(histories(parse_day_file(data)))
        here = set(histories(parse_day_file(self.files.get(day, b""))))
        generation = self.generations[day]
        return ArchiveRow(name, day, generation, START, len(ids), len(ids - here))

    def _recover(self, request: Recover) -> Reply | Refusal:
        row = self._archive_row(request.name)
        if request.generation != row.generation:
            return Refusal(ErrorCode.STALE, "", self.now)
        if row.absent:
            data = self.files.get(row.day, b"")
            self.files[row.day] = data + self.archives[request.name][1]
        return Recovered(row.entries)


def login_to(server: FakeServer, offset: int = 0) -> Login:
    """Give the login whose token the server knows."""
    return Login(
        address=ADDRESS,
        user=ALICE,
        kid=KID,
        root=ROOT,
        fingerprint=server.fingerprint,
        scopes="full",
        expires=0,
        created=START,
        offset=offset,
    )


def file_mode(path: Path) -> int:
    """Give a file's permission bits."""
    return stat.S_IMODE(path.stat().st_mode)
