"""What the tests draw from: hostile texts, extreme times, garbage from somebody with the keys."""

import struct
from typing import Final

import msgpack
from hypothesis import strategies as st

from protocol.dayfile import Amended, Record, Removed, Restored, Written
from protocol.envelope import MAX_PLAINTEXT
from protocol.errors import REFUSALS, ErrorCode
from protocol.identifiers import MAX_MILLISECONDS, USERNAME_PATTERN, Day, EntryId, Username
from protocol.messages.account import (
    MAX_ADDRESS_BYTES,
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
    MAX_NAME_BYTES,
    ArchiveList,
    ArchiveRow,
    Archives,
    Recover,
    Recovered,
)
from protocol.messages.base import (
    ALLOWED_SCOPES,
    MAX_LABEL_BYTES,
    MAX_NOTE_BYTES,
    MAX_PAD,
    Refusal,
    Reply,
    Request,
)
from protocol.messages.batch import MAX_BATCH_ROWS, Batch, Batched, EntryRow, ResultRow
from protocol.messages.changes import VERSION_BYTES, Amend, Changed, Remove, Restore
from protocol.messages.diary import (
    MAX_CHUNK,
    MAX_DAY_ROWS,
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
    LongRow,
    Search,
)
from protocol.messages.following import MAX_TAIL_ROWS, Tail, Tailed
from protocol.messages.forms import Form, LoginForm, PasswordForm, RenewalForm
from protocol.messages.parts import MAX_ANSWER_BYTES, MAX_PARTS, PART_BYTES, Part, Received
from protocol.messages.usage import Usage, Used
from protocol.messages.writing import (
    LAST_MILLISECONDS,
    MAX_OFFSET_MINUTES,
    MAX_TEXT_BYTES,
    MIN_MILLISECONDS,
    Put,
    Stored,
)
from protocol.stamp import Stamp

HEADER_LIKE: Final = "2026-11-22T18:40:48.123+08:00 01a202d81ffb70008000000000000000 + forged"
_NASTY: Final = (
    "\n",
    "\t",
    "\r",
    "\r\n",
    "\x00",
    "\x1b[31m",
    "\x7f",
    "\x85",
    "\x1c",
    "\u2028",
    "\u2029",
    "\u202e",
    "\ufeff",
    "\\",
    "\\\\",
    "\\u{0}",
    "\\u{",
    "\\n",
    "😀",
    "e\u0301",
    "记",
    HEADER_LIKE,
    f"\n{HEADER_LIKE}\n",
    f"\n\t{HEADER_LIKE}",
    ",r=x ",
    "~",
    "^",
    "-r",
)
MOMENTS: Final = (
    0,
    -1,
    1,
    MIN_MILLISECONDS,
    LAST_MILLISECONDS,
    951_782_400_000,  # 2000-02-29
    1_709_251_199_999,  # the last millisecond of 2024-02-29
    -2_203_891_200_000,  # 1900-03-01, after a February of 28 days
    1_795_344_048_123,
)

characters = st.characters(exclude_categories=["Cs"])
any_text = st.lists(st.one_of(st.text(characters), st.sampled_from(_NASTY))).map("".join)
"""Any Unicode but surrogates, thick with what breaks lines, headers, escapes and terminals."""

entry_ids = st.builds(
    EntryId.make, st.integers(0, MAX_MILLISECONDS), st.binary(min_size=10, max_size=10)
)
timestamps = st.integers(0, MAX_MILLISECONDS)
moments = st.one_of(
    st.sampled_from(MOMENTS),
    st.integers(MIN_MILLISECONDS, LAST_MILLISECONDS),
    st.integers(MIN_MILLISECONDS, LAST_MILLISECONDS).map(lambda at: at - at % 86_400_000),
)
offsets = st.one_of(
    st.sampled_from((0, 480, -210, 345, -1, MAX_OFFSET_MINUTES, -MAX_OFFSET_MINUTES)),
    st.integers(-MAX_OFFSET_MINUTES, MAX_OFFSET_MINUTES),
)
stamps = st.builds(Stamp, moments, offsets)
attributes = st.lists(
    st.tuples(
        st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=4),
        st.text("AZaz09:.+-", min_size=1, max_size=12),
    ),
    max_size=3,
).map(tuple)
written = st.builds(Written, stamps, entry_ids, any_text, st.booleans(), attributes)
records: st.SearchStrategy[Record] = st.one_of(
    written,
    st.builds(Amended, stamps, entry_ids, entry_ids, any_text, st.booleans(), attributes),
    st.builds(Removed, stamps, entry_ids, entry_ids),
    st.builds(Restored, stamps, entry_ids, entry_ids),
)

_scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(),
    st.text(max_size=20),
    st.binary(max_size=20),
    st.just(msgpack.Timestamp(1, 2)),
    st.builds(msgpack.ExtType, st.integers(0, 127), st.binary(max_size=8)),
)
_keys = st.one_of(st.text(max_size=5), st.integers(0, 9), st.binary(max_size=3), st.booleans())
_values = st.recursive(
    _scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(_keys, inner, max_size=4)),
    max_leaves=8,
)
BOMBS: Final = tuple(
    bomb[:MAX_PLAINTEXT]
    for bomb in (
        b"\x91" * MAX_PLAINTEXT,  # lists in lists
        b"\x81\xa1a" * MAX_PLAINTEXT,  # maps in maps
        b"\x81" * MAX_PLAINTEXT,  # maps as keys
        b"\xdd\xff\xff\xff\xff",  # four thousand million items (msgpack-python #97)
        b"\xdf\xff\xff\xff\xff",
        b"\xc6\xff\xff\xff\xff",
        b"\xdb\xff\xff\xff\xff",
        b"\xc9\xff\xff\xff\xff\x01",
        b"\x81\xa1a\xd7\xff" + bytes(8),  # timestamps of 8, 12 and 4 bytes
        b"\x81\xa1a\xc7\x0c\xff" + b"\xff" * 12,
        b"\x81\xa1a\xd6\xff" + bytes(4),
        b"\x81\xd6\xff" + bytes(4) + b"\x01",  # a timestamp as the key
        b"\x81\xa1a\xd4\x05\x00",  # another extension
        b"\x82\xa1a\x01\xa1a\x02",  # a key twice
        b"\x82\xa1a\x01\xd9\x01a\x02",  # a key twice, written in two ways
        b"\x81\xa1a\x82\xa1b\x01\xa1b\x02",  # the same, one level down
        b"\x81\x01\x02",  # keys that are no text
        b"\x81\xc4\x01a\x02",
        b"\x81\xc3\x02",
        b"\x81\xc0\x02",
        b"\x81\xa3\xed\xa0\x80\x01",  # a surrogate as key, as value
        b"\x81\xa1a\xa3\xed\xa0\x80",
        b"\x81\xa1a\xa1\xff",
        b"\x81\xa1a\xcb\x7f\xf8" + bytes(6),  # NaN
        b"\x81\xa1a\xca" + struct.pack(">f", 1.0),
        b"\x81\xa1a\xc1",  # the byte that msgpack never uses
        b"\x80\x80",  # two values
        b"\x80\xc0",
        b"\x90",
        b"\xc0",
        b"\x01",
    )
)
"""Plaintexts that no strict reader accepts."""

garbage = st.one_of(
    st.binary(min_size=1, max_size=MAX_PLAINTEXT),
    st.sampled_from(BOMBS),
    _values.map(msgpack.packb).filter(lambda packed: len(packed) <= MAX_PLAINTEXT),
    st.dictionaries(
        st.sampled_from(("op", "code", "at", "off", "text", "day", "pad", "rows", "user", "time")),
        _values,
    )
    .map(msgpack.packb)
    .filter(lambda packed: len(packed) <= MAX_PLAINTEXT),
)
"""Plaintexts from somebody who holds the right keys and bad intentions."""

any_value = _values
"""Whatever msgpack can carry, and more than a message may."""

days = st.dates().map(lambda day: Day(day.isoformat()))
usernames = st.from_regex(USERNAME_PATTERN, fullmatch=True).map(Username)
scope_lists = st.sets(st.sampled_from(sorted(ALLOWED_SCOPES)), min_size=1).map(
    lambda names: " ".join(sorted(names))
)


def bounded_text(low: int, high: int) -> st.SearchStrategy[str]:
    """Give texts of `low` to `high` bytes in UTF-8."""
    cut = any_text.map(lambda text: text.encode()[:high].decode(errors="ignore"))
    return cut.filter(lambda text: len(text.encode()) >= low)


_generations = st.integers(0, MAX_GENERATION)
_sizes = st.one_of(st.just(MAX_FILE_BYTES), st.integers(0, MAX_FILE_BYTES))
_pads = st.binary(max_size=MAX_PAD)
_kids = st.binary(min_size=8, max_size=8)
_roots = st.binary(min_size=32, max_size=32)
_versions = st.integers(1, 15)
_labels = bounded_text(1, MAX_LABEL_BYTES)
_passwords = bounded_text(1, 256)
_cursors = st.binary(max_size=MAX_CURSOR_BYTES)
_versions_of_entries = st.binary(min_size=VERSION_BYTES, max_size=VERSION_BYTES)
REQUESTS: Final[dict[type[Request], st.SearchStrategy[Request]]] = {
    Put: st.builds(Put, moments, offsets, bounded_text(1, MAX_TEXT_BYTES), st.booleans()),
    Batch: st.lists(
        st.builds(EntryRow, entry_ids, moments, offsets, bounded_text(1, 200), st.booleans()),
        max_size=4,
    ).map(lambda rows: Batch(tuple(rows))),
    Part: st.builds(
        Part,
        entry_ids,
        st.binary(min_size=32, max_size=32),
        st.integers(0, MAX_PARTS - 1),
        st.integers(1, MAX_PARTS),
        st.binary(min_size=1, max_size=PART_BYTES),
    ),
    Days: st.builds(Days, days, days, _pads),
    Read: st.builds(Read, days, _generations, _sizes, _pads),
    Clear: st.builds(Clear, days, _generations),
    Amend: st.builds(
        Amend,
        days,
        entry_ids,
        _versions_of_entries,
        offsets,
        bounded_text(1, MAX_TEXT_BYTES),
        st.booleans(),
    ),
    Remove: st.builds(Remove, days, entry_ids, _versions_of_entries, offsets),
    Archives: st.builds(Archives, bounded_text(0, MAX_NAME_BYTES), _pads),
    Recover: st.builds(Recover, days, _generations, bounded_text(1, MAX_NAME_BYTES)),
    Search: st.builds(Search, bounded_text(1, MAX_WORDS_BYTES), days, days, _cursors, _pads),
    Tail: st.builds(Tail, _cursors, _pads),
    Restore: st.builds(Restore, days, entry_ids, _versions_of_entries, offsets),
    Usage: st.builds(Usage, days),
    Whoami: st.builds(Whoami),
    Ping: st.builds(Ping),
    Tokens: st.builds(Tokens, st.binary(max_size=8), _pads),
    Mint: st.builds(Mint, _labels, scope_lists, timestamps, st.booleans()),
    Revoke: st.builds(Revoke, _kids),
    Delete: st.builds(Delete, usernames),
}
_token_rows = st.lists(
    st.builds(
        TokenRow,
        _kids,
        _labels,
        scope_lists,
        timestamps,
        timestamps,
        bounded_text(0, MAX_ADDRESS_BYTES),
        timestamps,
        st.booleans(),
    ),
    max_size=MAX_TOKEN_ROWS,
)
_day_rows = st.builds(DayRow, days, _generations, _sizes, _sizes)
_rows = st.lists(_day_rows, max_size=MAX_DAY_ROWS)
_archive_rows = st.lists(
    st.builds(
        ArchiveRow,
        bounded_text(1, MAX_NAME_BYTES),
        days,
        _generations,
        timestamps,
        _sizes,
        _sizes,
    ),
    max_size=MAX_ARCHIVE_ROWS,
)
REPLIES: Final[dict[type[Reply], st.SearchStrategy[Reply]]] = {
    Stored: st.builds(Stored, days, st.booleans()),
    Batched: st.lists(
        st.builds(ResultRow, st.sampled_from(ErrorCode), st.booleans()), max_size=MAX_BATCH_ROWS
    ).map(lambda rows: Batched(tuple(rows))),
    Received: st.builds(
        Received,
        st.binary(max_size=-(-MAX_PARTS // 8)),
        st.binary(max_size=MAX_ANSWER_BYTES),
    ),
    DayList: st.builds(DayList, _rows.map(tuple), st.booleans()),
    Chunk: st.builds(Chunk, st.binary(max_size=MAX_CHUNK), _sizes),
    Cleared: st.builds(Cleared, bounded_text(1, 80)),
    Found: st.builds(
        Found,
        st.binary(max_size=MAX_FOUND_BYTES),
        st.lists(st.builds(LongRow, days, entry_ids), max_size=1).map(tuple),
        _cursors,
    ),
    Tailed: st.builds(
        Tailed,
        st.lists(_day_rows, max_size=MAX_TAIL_ROWS).map(tuple),
        _cursors,
        st.booleans(),
        st.booleans(),
    ),
    ArchiveList: st.builds(ArchiveList, _archive_rows.map(tuple), st.booleans()),
    Recovered: st.builds(Recovered, _sizes),
    Changed: st.builds(Changed, _versions_of_entries, st.booleans()),
    Used: st.builds(Used, *(_sizes,) * 8),
    Identity: st.builds(Identity, usernames, scope_lists, timestamps, timestamps),
    Grant: st.builds(Grant, _kids, _roots, timestamps, scope_lists, _versions, timestamps),
    TokenList: st.builds(TokenList, _token_rows.map(tuple), st.booleans()),
    Revoked: st.builds(Revoked, st.integers(0, 255)),
    Deleted: st.builds(Deleted),
}
refusals = st.builds(
    Refusal, st.sampled_from(sorted(REFUSALS)), bounded_text(0, MAX_NOTE_BYTES), timestamps
)
login_forms = st.builds(
    LoginForm,
    usernames,
    _passwords,
    st.binary(max_size=16),
    _roots,
    _labels,
    scope_lists,
    timestamps,
    _versions,
    _versions,
    st.booleans(),
)
forms: st.SearchStrategy[Form] = st.one_of(
    login_forms,
    st.builds(RenewalForm, _kids, _roots, _roots, _versions, _versions),
    st.builds(
        PasswordForm,
        _kids,
        _roots,
        _passwords,
        _passwords,
        st.booleans(),
        _roots,
        _versions,
        _versions,
    ),
)
