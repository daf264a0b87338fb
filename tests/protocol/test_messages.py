"""The table of operations is complete, every message has its bounds, and every bound fits."""

from dataclasses import fields, is_dataclass, replace
from importlib import import_module
from pkgutil import iter_modules
from typing import Final

import msgpack
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from protocol import messages
from protocol.channel import seal_reply, seal_request
from protocol.envelope import MAX_DATAGRAM, MAX_PLAINTEXT, parse_envelope
from protocol.errors import REFUSALS, ErrorCode
from protocol.fields import FieldType, field_type, read_fields
from protocol.identifiers import MAX_MILLISECONDS, Day, EntryId, Username
from protocol.keys import derive_token_keys
from protocol.messages.account import (
    MAX_ADDRESS_BYTES,
    MAX_ENDED,
    MAX_TOKEN_ROWS,
    Delete,
    Deleted,
    Grant,
    Identity,
    Mint,
    Ping,
    Revoke,
    Revoked,
    TokenList,
    TokenRow,
    Tokens,
    Whoami,
)
from protocol.messages.archive import (
    MAX_ARCHIVE_ROWS,
    ArchiveList,
    ArchiveRow,
    Archives,
    Recover,
    Recovered,
)
from protocol.messages.base import (
    Message,
    Refusal,
    Reply,
    Request,
    Scope,
    TextRequest,
    allows,
    parse_code,
    parse_scopes,
)
from protocol.messages.batch import MAX_BATCH_ROWS, Batch, Batched, EntryRow, ResultRow
from protocol.messages.changes import Amend, Changed, Remove, Restore, version_of
from protocol.messages.coding import (
    RENEWAL_HINT,
    RENEWAL_HINT_BYTES,
    decode_hinted_reply,
    decode_reply,
    encode_reply,
    encode_request,
)
from protocol.messages.diary import (
    MAX_FILE_BYTES,
    MAX_GENERATION,
    Chunk,
    Clear,
    Cleared,
    DayList,
    DayRow,
    Days,
    Read,
)
from protocol.messages.finding import (
    MAX_CURSOR_BYTES,
    MAX_FOUND_BYTES,
    MAX_WORDS_BYTES,
    Found,
    Search,
)
from protocol.messages.following import MAX_TAIL_ROWS, Tail, Tailed
from protocol.messages.forms import (
    FORMS,
    Form,
    LoginForm,
    PasswordForm,
    RenewalForm,
    encode_form,
    name_of_form,
    split_form,
)
from protocol.messages.padding import padded
from protocol.messages.parts import (
    MAX_ANSWER_BYTES,
    MAX_PARTS,
    PART_BYTES,
    Part,
    Received,
    bitmap_of,
    cut,
    numbers_in,
)
from protocol.messages.table import BY_NAME, BY_REQUEST, OPERATIONS, Operation
from protocol.messages.usage import Usage, Used
from protocol.messages.writing import (
    LAST_MILLISECONDS,
    MAX_LONG_TEXT_BYTES,
    MIN_MILLISECONDS,
    Put,
    Stored,
)
from protocol.packing import Packable, pack, unpack
from tests.protocol.strategies import (
    REPLIES,
    REQUESTS,
    any_text,
    any_value,
    days,
    forms,
    garbage,
    refusals,
)
from tests.protocol.totality import attempt, is_refused

KEYS = derive_token_keys(bytes(32), bytes(8))
RID = EntryId.make(0, bytes(10))
ALL = [
    each
    for home in iter_modules(messages.__path__, "protocol.messages.")
    for name, each in sorted(vars(import_module(home.name)).items())
    if isinstance(each, type) and each.__module__ == home.name and not name.startswith("_")
]
DAY: Final = Day("9999-12-31")
SMALLEST: Final[dict[type[Request], Request]] = {
    Put: Put(0, 0, "a"),
    Batch: Batch((EntryRow(RID, 0, 0, "a", star=False),)),
    Part: Part(RID, bytes(32), 0, 1, b"a"),
    Days: padded(Days(DAY, DAY)),
    Read: padded(Read(DAY, 0, 0)),
    Clear: Clear(DAY, 0),
    Archives: padded(Archives("")),
    Recover: Recover(DAY, 0, "a"),
    Amend: Amend(DAY, RID, bytes(8), 0, "a"),
    Remove: Remove(DAY, RID, bytes(8), 0),
    Restore: Restore(DAY, RID, bytes(8), 0),
    Search: padded(Search("a", DAY, DAY)),
    Tail: padded(Tail()),
    Usage: Usage(DAY),
    Whoami: Whoami(),
    Ping: Ping(),
    Tokens: padded(Tokens()),
    Mint: Mint("a", "full", 0, fixed=False),
    Revoke: Revoke(bytes(8)),
    Delete: Delete(Username("a")),
}
LARGEST: Final[dict[type[Reply], Reply]] = {
    Stored: Stored(DAY, dup=True),
    Batched: Batched((ResultRow(ErrorCode.NOT_FOUND, dup=True),)),
    Received: Received(bytes(-(-MAX_PARTS // 8)), bytes(MAX_ANSWER_BYTES)),
    DayList: DayList(
        (DayRow(DAY, MAX_GENERATION, MAX_FILE_BYTES, MAX_FILE_BYTES),) * 30, more=True
    ),
    Chunk: Chunk(bytes(1040), MAX_FILE_BYTES),
    Cleared: Cleared("a" * 80),
    ArchiveList: ArchiveList(
        (
            ArchiveRow(
                "é" * 40,
                DAY,
                MAX_GENERATION,
                MAX_MILLISECONDS,
                MAX_FILE_BYTES,
                MAX_FILE_BYTES,
            ),
        )
        * MAX_ARCHIVE_ROWS,
        more=True,
    ),
    Recovered: Recovered(MAX_FILE_BYTES),
    Changed: Changed(bytes(8), dup=True),
    Found: Found(bytes(MAX_FOUND_BYTES), (), bytes(MAX_CURSOR_BYTES)),
    Tailed: Tailed(
        (DayRow(DAY, MAX_GENERATION, MAX_FILE_BYTES, MAX_FILE_BYTES),) * MAX_TAIL_ROWS,
        bytes(MAX_CURSOR_BYTES),
        more=False,
        lost=False,
    ),
    Used: Used(*(MAX_FILE_BYTES,) * 8),
    Identity: Identity(Username("a" * 32), "full read write", MAX_MILLISECONDS, MAX_MILLISECONDS),
    TokenList: TokenList(
        (
            TokenRow(
                bytes(8),
                "é" * 32,
                "full read write",
                MAX_MILLISECONDS,
                MAX_MILLISECONDS,
                "a" * MAX_ADDRESS_BYTES,
                MAX_MILLISECONDS,
                own=True,
            ),
        )
        * MAX_TOKEN_ROWS,
        more=True,
    ),
    Grant: Grant(bytes(8), bytes(32), MAX_MILLISECONDS, "full read write", 15, MAX_MILLISECONDS),
    Revoked: Revoked(MAX_ENDED),
    Deleted: Deleted(),
}
LARGEST_FORMS: Final = (
    LoginForm(
        Username("a" * 32),
        "p" * 256,
        bytes(16),
        bytes(32),
        "é" * 32,
        "full read write",
        MAX_MILLISECONDS,
        15,
        15,
    ),
    RenewalForm(bytes(8), bytes(32), bytes(32), 15, 15),
    PasswordForm(bytes(8), bytes(32), "p" * 256, "p" * 256, True, bytes(32), 15, 15),  # noqa: FBT003
)
every_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda row: row.name)


def request_size(request: Request) -> int:
    """Give the length of a request's datagram."""
    return len(seal_request(KEYS, RID, 0, request))


def reply_size(reply: Reply | Refusal) -> int:
    """Give the length of a reply's datagram."""
    envelope = parse_envelope(seal_request(KEYS, RID, 0, Ping()))
    return len(seal_reply(KEYS, envelope, 0, reply, renew=True))


def test_the_table_has_every_message() -> None:
    """A request or a reply that no row names could be sent and never answered."""
    requests = {kind for kind in ALL if issubclass(kind, Request)} - {Request, TextRequest}
    replies = {kind for kind in ALL if issubclass(kind, Reply) and kind is not Reply}
    assert {row.request for row in OPERATIONS} == requests == set(REQUESTS) == set(SMALLEST)
    assert {row.reply for row in OPERATIONS} == replies == set(REPLIES)
    assert {row.reply for row in OPERATIONS} == set(LARGEST)
    assert len(OPERATIONS) == len(BY_NAME) == len(BY_REQUEST) == len(requests)
    for row in OPERATIONS:
        assert BY_NAME[row.name] is BY_REQUEST[row.request] is row


def test_names_and_scopes_are_the_documented_ones() -> None:
    """They are part of the protocol, not of the code."""
    assert {row.name: row.scope.value for row in OPERATIONS} == {
        "put": "write",
        "batch": "write",
        "part": "write",
        "days": "read",
        "read": "read",
        "clear": "full",
        "archives": "read",
        "recover": "full",
        "amend": "full",
        "remove": "full",
        "restore": "full",
        "search": "read",
        "tail": "read",
        "usage": "any",
        "whoami": "any",
        "ping": "any",
        "tokens": "full",
        "mint": "full",
        "revoke": "any",
        "delete": "full",
    }


@given(st.one_of(*REQUESTS.values()))
def test_a_request_is_a_map_of_its_fields_and_its_name(request: Request) -> None:
    """Plain msgpack types under the names of the fields."""
    values = unpack(encode_request(request))
    operation = BY_NAME[str(values.pop("op"))]
    assert operation.request is type(request)
    assert read_fields(operation.request, values) == request


@given(st.sampled_from([row.reply for row in OPERATIONS]), st.data())
def test_a_reply_comes_back(kind: type[Reply], data: st.DataObject) -> None:
    """A reply is read as its own kind."""
    reply = data.draw(REPLIES[kind])
    assert decode_reply(kind, encode_reply(reply)) == reply


@given(st.sampled_from([row.reply for row in OPERATIONS]), refusals)
def test_a_refusal_comes_back_whatever_was_asked(kind: type[Reply], refusal: Refusal) -> None:
    """And knows the error it means, with the note and the server's time."""
    read = decode_reply(kind, encode_reply(refusal))
    assert read == refusal
    assert isinstance(read, Refusal)
    error = read.error()
    assert type(error) is REFUSALS[refusal.code]
    assert (error.note, error.server_time) == (refusal.note, refusal.time)


@given(st.sampled_from([row.reply for row in OPERATIONS]), st.booleans(), st.data())
def test_any_reply_may_carry_the_renewal_hint(
    kind: type[Reply], renew: bool, data: st.DataObject
) -> None:
    """It is read apart from the reply, costs what is set aside for it, and a refusal has none."""
    reply = data.draw(REPLIES[kind])
    plaintext = encode_reply(reply, renew=renew)
    assert decode_hinted_reply(kind, plaintext) == (reply, renew)
    assert len(plaintext) == len(encode_reply(reply)) + renew * RENEWAL_HINT_BYTES
    refusal = Refusal(ErrorCode.BUSY, "", 0)
    assert encode_reply(refusal, renew=renew) == encode_reply(refusal)


@pytest.mark.parametrize("hint", [False, None, 1, "true", b"", []])
def test_a_renewal_hint_is_true_or_absent(hint: Packable) -> None:
    """There is one way to write each, and a refusal carries none."""
    plaintext = pack({"code": "OK", "ended": 0, RENEWAL_HINT: hint})
    refusal = pack({"code": "BUSY", "note": "", "time": 0, RENEWAL_HINT: True})
    assert is_refused(decode_reply, Revoked, plaintext)
    assert is_refused(decode_reply, Revoked, refusal)


def test_no_message_has_a_field_of_the_names_that_mean_something_else() -> None:
    """Or a map could be read in two ways."""
    for row in OPERATIONS:
        assert "op" not in {item.name for item in fields(row.request)}
        assert not {"code", RENEWAL_HINT} & {item.name for item in fields(row.reply)}
    for form in FORMS.values():
        assert "form" not in {item.name for item in fields(form)}


def form_of(plaintext: bytes) -> Form:
    """Read a form as a server does."""
    kind, values = split_form(plaintext)
    return read_fields(kind, values)


@given(forms)
def test_a_form_comes_back(form: Form) -> None:
    """As the kind it was, with its passwords, whatever signs they are made of."""
    assert form_of(encode_form(form)) == form


@given(forms, st.one_of(st.sampled_from(["renew", "passwd", "login", "", None]), any_value))
def test_a_form_is_not_read_as_another(form: Form, name: Packable) -> None:
    """Whatever its map says it is, its fields decide with it."""
    values: dict[str, Packable] = unpack(encode_form(form))  # type: ignore[assignment]
    own = values.get("form")
    try:
        changed = msgpack.packb(values | {"form": name})
    except OverflowError:
        return
    read = attempt(form_of, changed)
    assert read is None or (own == name and read == form)


@given(garbage)
def test_reading_a_form_is_total(plaintext: bytes) -> None:
    """Any plaintext gives a form or MalformedError."""
    form = attempt(form_of, plaintext)
    assert form is None or isinstance(form, tuple(FORMS.values()))


def test_a_login_that_is_not_fixed_does_not_say_so() -> None:
    """Its bytes are those from before there was a word for it."""
    assert b"fixed" not in encode_form(LARGEST_FORMS[0])
    fixed = replace(LARGEST_FORMS[0], fixed=True)
    assert form_of(encode_form(fixed)) == fixed


def test_every_form_has_a_name_but_the_first() -> None:
    """By which the server tells them apart."""
    assert {name for name, kind in FORMS.items() if kind is LoginForm} == {None}
    for kind in (RenewalForm, PasswordForm):
        assert FORMS[name_of_form(kind)] is kind


@given(st.sampled_from(list(LARGEST)), garbage)
def test_reading_a_reply_is_total(kind: type[Reply], plaintext: bytes) -> None:
    """Any plaintext gives the reply, a refusal, or MalformedError."""
    answer = attempt(decode_reply, kind, plaintext)
    assert answer is None or isinstance(answer, kind | Refusal)


def test_the_answer_to_another_request_is_refused() -> None:
    """A reply of another kind does not pass for the one that was asked for."""
    for kind in LARGEST:
        for other, reply in LARGEST.items():
            if other is not kind:
                assert is_refused(decode_reply, kind, encode_reply(reply))


@every_operation
@given(st.data())
def test_every_request_fits_a_datagram(operation: Operation, data: st.DataObject) -> None:
    """No legal request is too long for its envelope."""
    assert request_size(data.draw(REQUESTS[operation.request])) <= MAX_DATAGRAM


@pytest.mark.parametrize(
    "request_",
    [
        Put(MIN_MILLISECONDS, -1080, "今" * 341 + "a", star=True),
        Put(LAST_MILLISECONDS, 1080, "\x00" * 1024, star=True),
        Days(DAY, DAY, bytes(400)),
        Read(DAY, MAX_GENERATION, MAX_FILE_BYTES, bytes(400)),
        Tokens(bytes(8), bytes(400)),
        Mint("é" * 32, "full read write", MAX_MILLISECONDS, fixed=True),
        Delete(Username("a" * 32)),
        Amend(DAY, RID, bytes(8), -1080, "今" * 341 + "a", star=True),
        Batch((EntryRow(RID, MIN_MILLISECONDS, -1080, "今" * 341 + "a", star=True),)),
        Batch((EntryRow(RID, 0, 0, "a", star=False),) * MAX_BATCH_ROWS),
        Batch((EntryRow(RID, LAST_MILLISECONDS, -1080, "a", star=True),) * 32),
        Part(RID, bytes(32), MAX_PARTS - 1, MAX_PARTS, bytes(PART_BYTES)),
        Search("é" * 128, DAY, DAY, bytes(MAX_CURSOR_BYTES), bytes(400)),
        Archives("é" * 40, bytes(400)),
        Recover(DAY, MAX_GENERATION, "é" * 40),
    ],
    ids=[
        *("put", "put of NUL", "days", "read", "tokens", "mint", "delete", "amend"),
        *("batch of 1", "batch of 45", "batch of 32", "part", "search", "archives", "recover"),
    ],
)
def test_the_largest_requests_fit_a_datagram(request_: Request) -> None:
    """Each field at its longest."""
    assert request_size(request_) <= MAX_DATAGRAM


@every_operation
def test_the_largest_reply_fits_and_amplifies_at_most_thrice(operation: Operation) -> None:
    """Whoever replays a request to a victim's address gains little; readers pad for it."""
    largest = reply_size(LARGEST[operation.reply])
    assert largest <= MAX_DATAGRAM
    assert largest <= 3 * request_size(SMALLEST[operation.request])


@every_operation
def test_the_largest_refusal_amplifies_at_most_thrice(operation: Operation) -> None:
    """Also to the shortest request."""
    longest_code = max(REFUSALS, key=len)
    refusal = Refusal(longest_code, "é" * 60, MAX_MILLISECONDS)
    assert reply_size(refusal) <= 3 * request_size(SMALLEST[operation.request])


PADDED: Final = (Days, Read, Archives, Search, Tail, Tokens)


@given(st.one_of(*(REQUESTS[kind] for kind in PADDED)))
@example(Search("x" * MAX_WORDS_BYTES, DAY, DAY, bytes(MAX_CURSOR_BYTES)))
def test_a_padded_request_pays_for_a_full_reply(request: Request) -> None:
    """400 bytes, or 401 where msgpack needs one more, or more without; again changes nothing."""
    assert isinstance(request, PADDED)
    once = padded(request)
    assert request_size(once) in {400, 401} or (request_size(once) > 400 and not once.pad)
    assert padded(once) == once
    assert not any(once.pad)


def test_the_largest_form_and_grants_fit_their_plaintext() -> None:
    """Their padding hides every length that is legal."""
    refusal = Refusal(max(REFUSALS, key=len), "é" * 60, MAX_MILLISECONDS)
    for form in (*LARGEST_FORMS, replace(LARGEST_FORMS[0], fixed=True)):
        assert len(encode_form(form)) <= 1010 - 2
    assert len(encode_reply(LARGEST[Grant])) <= 256 - 2
    assert len(encode_reply(refusal)) <= 256 - 2
    assert MAX_PLAINTEXT == 1106


@pytest.mark.parametrize("text", ["\ud800", "a\udcff"])
def test_a_lone_surrogate_is_refused_before_it_is_sent(text: str) -> None:
    """What a command line could not decode is an error with a sentence, not a crash."""
    assert is_refused(encode_request, Put(0, 0, text))


def test_secrets_and_diary_text_are_shown_to_nobody() -> None:
    """No message that lands in a log or a traceback tells them."""
    secret = b"secret" * 5 + b"!!"
    form = LoginForm(Username("alice"), "secret", secret[:16], secret, "laptop", "full", 0, 1, 1)
    assert "secret" not in repr(form)
    assert "secret" not in repr(Grant(bytes(8), secret, 0, "full", 1, 0))
    assert "secret" not in repr(Put(0, 0, "secret"))
    assert "secret" not in repr(RenewalForm(bytes(8), secret, secret, 1, 1))
    changed = PasswordForm(bytes(8), secret, "secret", "secret", True, secret, 1, 1)  # noqa: FBT003
    assert "secret" not in repr(changed)
    assert "secret" not in repr(Batch((EntryRow(RID, 0, 0, "secret", star=False),)))
    assert "secret" not in repr(Part(RID, bytes(32), 0, 1, b"secret"))
    assert "secret" not in repr(Search("secret", DAY, DAY))
    assert "secret" not in repr(Found(b"secret", (), b""))
    assert "secret" not in repr(Amend(DAY, RID, bytes(8), 0, "secret"))


@pytest.mark.parametrize(
    ("scopes", "allowed"),
    [
        ("read", {Scope.READ, Scope.ANY}),
        ("write", {Scope.WRITE, Scope.ANY}),
        ("read write", {Scope.READ, Scope.WRITE, Scope.ANY}),
        ("full", set(Scope)),
        ("full read", set(Scope)),
    ],
)
def test_a_scope_allows_what_it_names(scopes: str, allowed: set[Scope]) -> None:
    """`full` implies the others; neither read nor write implies the other."""
    assert {needed for needed in Scope if allows(scopes, needed)} == allowed


@given(st.one_of(any_text, st.lists(st.sampled_from(["read", "write", "full", "any", "", " "]))))
def test_scopes_and_codes_are_total(words: str | list[str]) -> None:
    """What parses is written in its one form."""
    text = words if isinstance(words, str) else " ".join(words)
    scopes = attempt(parse_scopes, text)
    assert scopes is None or (scopes == text and text.split() == sorted(set(text.split())))
    code = attempt(parse_code, text)
    assert code is None or (code == text and code is not ErrorCode.OK)


def test_a_batch_holds_as_many_entries_as_fit() -> None:
    """The bound on its rows is never what is in the way; their results amplify nothing."""
    row = EntryRow(RID, 0, 0, "a", star=False)
    bare = request_size(Batch(()))
    least = request_size(Batch((row,))) - bare
    assert bare + 2 + (MAX_BATCH_ROWS + 1) * least > MAX_DATAGRAM
    for number in range(1, MAX_BATCH_ROWS + 1):
        result = ResultRow(max(ErrorCode, key=len), dup=True)
        answer = reply_size(Batched((result,) * number))
        assert answer <= min(MAX_DATAGRAM, 3 * request_size(Batch((row,) * number)))


def test_a_version_is_the_end_of_the_last_id() -> None:
    """Its random bits, so that two changes of one moment have two versions."""
    first, second = (EntryId.make(5, bytes((number,)) * 10) for number in (1, 2))
    assert version_of(first) == first[8:]
    assert version_of(first) != version_of(second)


def test_every_field_is_declared_with_its_bounds() -> None:
    """One without a FieldType would be unchecked on one side."""
    kinds = [kind for kind in ALL if is_dataclass(kind) and kind not in {Message, Operation}]
    declared = [item.type for kind in kinds for item in fields(kind)]
    assert len(declared) > len(kinds)
    assert all(isinstance(field_type(annotation), FieldType) for annotation in declared)


@given(days, st.booleans())
def test_the_answer_from_parts_is_the_packed_one(day: Day, dup: bool) -> None:
    """What is put together for an entry that was stored are the bytes that msgpack gives."""
    packed = msgpack.packb({"code": "OK", "day": str(day), "dup": dup})
    assert encode_reply(Stored(day, dup)) == packed


@pytest.mark.parametrize(
    "request_",
    [
        Put(MIN_MILLISECONDS, -1080, "\x00" * MAX_LONG_TEXT_BYTES, star=True),
        Amend(DAY, RID, bytes(8), -1080, "今" * 87381 + "a", star=True),
        Put(0, 0, "a"),
    ],
    ids=["put", "amend", "short"],
)
def test_the_longest_request_goes_in_so_many_parts(request_: Request) -> None:
    """Joined they are its plaintext; each but the last is full; its answer fits theirs."""
    plaintext = encode_request(request_)
    parts = cut(RID, plaintext)
    assert b"".join(part.data for part in parts) == plaintext
    assert {len(part.data) for part in parts[:-1]} <= {PART_BYTES}
    assert [part.number for part in parts] == list(range(len(parts)))
    assert {part.count for part in parts} == {len(parts)}
    assert len(parts) <= MAX_PARTS
    for answer in (LARGEST[Stored], LARGEST[Changed]):
        assert len(encode_reply(answer)) <= MAX_ANSWER_BYTES


@given(st.sets(st.integers(0, MAX_PARTS - 1)))
def test_a_bitmap_tells_its_numbers(numbers: set[int]) -> None:
    """In as many bytes as so many parts take."""
    bitmap = bitmap_of(numbers, MAX_PARTS)
    assert numbers_in(bitmap) == numbers
    assert len(bitmap) == -(-MAX_PARTS // 8)
    assert numbers_in(bitmap_of({0, 9}, 10)) == {0, 9}
    assert bitmap_of({0, 9}, 10) == b"\x01\x02"
