"""Writes the byte vectors of DIARY/1 into `v1/`, once: vectors that exist never change.

    python tests/golden/make_vectors.py

A new message gets a new file, or a new folder, here; what is written already stays, since clients
in other languages were checked against it. All inputs are fixed but one: HPKE draws a fresh key
for each LOGIN, so its vectors carry the server's private prekey instead.

Every value of bytes is written as {"hex": "..."}, a whole datagram as plain hex. A plaintext is a
list of [name, value] in the order they stand on the wire.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from protocol.address import Address
from protocol.channel import seal_reply, seal_request
from protocol.dayfile import (
    Amended,
    Foreign,
    Record,
    Removed,
    Restored,
    Written,
    fold,
    format_record,
    parse_day_file,
)
from protocol.envelope import SUITE, parse_envelope
from protocol.errors import REFUSALS, ErrorCode
from protocol.identifiers import Day, EntryId, Username
from protocol.identity import fingerprint
from protocol.invite import Invite
from protocol.keys import derive_token_keys, expand
from protocol.login import encode_grant, encode_login
from protocol.messages.account import Grant, Identity, Ping, Whoami
from protocol.messages.base import Refusal, Reply, Request
from protocol.messages.coding import encode_reply, encode_request
from protocol.messages.diary import Chunk, Clear, Cleared, DayList, DayRow, Days, Read
from protocol.messages.forms import LoginForm, encode_form
from protocol.messages.padding import padded
from protocol.messages.writing import Put, Stored
from protocol.offer import Hello, Offer, Statement, encode_hello, encode_offer, statement_id
from protocol.packing import unpack
from protocol.stamp import Stamp

FOLDER: Final = Path(__file__).parent / "v1"
NOW: Final = 1_795_344_048_123
"""2026-11-22T10:40:48.123Z."""

TODAY: Final = Day("2026-11-22")
ROOT: Final = bytes(range(32))
KID: Final = bytes(range(0xA0, 0xA8))
KEYS: Final = derive_token_keys(ROOT, KID)

REQUESTS: Final[dict[str, Request]] = {
    "put_ascii": Put(NOW, 0, "It works."),
    "put_chinese": Put(NOW, 480, "今天天气很好 @weather"),
    "put_starred": Put(NOW, 60, "one\n\ttwo \\ three\r\n\n\x00\x1b[31m \u202e", star=True),
    "put_negative": Put(-1, -210, "before the epoch, west of Greenwich"),
    "put_longest": Put(NOW, 480, "记" * 341 + ".", star=True),
    "days": padded(Days(Day("2026-11-01"), Day("2026-11-30"))),
    "read": padded(Read(TODAY, 0, 1040)),
    "clear": Clear(TODAY, 3),
    "whoami": Whoami(),
    "ping": Ping(),
}
REPLIES: Final[dict[str, tuple[str, Reply]]] = {
    "put_stored": ("put_ascii", Stored(TODAY, dup=False)),
    "put_stored_before": ("put_chinese", Stored(TODAY, dup=True)),
    "days_two": (
        "days",
        DayList(
            (DayRow(Day("2026-11-21"), 1, 12, 4096), DayRow(TODAY, 0, 2, 150)),
            more=True,
        ),
    ),
    "days_none": ("days", DayList((), more=False)),
    "read_chunk": ("read", Chunk("今天\n".encode() + b"\xff\x00", 1048)),
    "read_at_the_end": ("read", Chunk(b"", 1040)),
    "clear_done": ("clear", Cleared(f"{TODAY}.3.{'0' * 12}70008{'0' * 15}.log")),
    "whoami_forever": ("whoami", Identity(Username("alice"), "full", 0, NOW)),
    "ping_scoped": ("ping", Identity(Username("bob"), "read write", NOW + 86_400_000, NOW)),
}

NONCE: Final = bytes(range(0x80, 0xA0))
COOKIE: Final = bytes(range(0xC0, 0xD8))
REPLY_KEY: Final = bytes(range(0xE0, 0x100))
IDENTITY_SEED: Final = bytes(range(0x40, 0x60))
PREKEY: Final = bytes(range(0x60, 0x80))
CODE: Final = bytes(range(0xB0, 0xC0))
FORMS: Final = {
    "login_password": LoginForm(
        Username("alice"), "correct horse 电池", b"", REPLY_KEY, "laptop", "full", 0, 1, 1
    ),
    "login_invite": LoginForm(
        Username("bob"), "$*%# battery", CODE, REPLY_KEY, "bob@phone", "read write", 86400000, 1, 1
    ),
}


def entry_id(number: int) -> EntryId:
    """Give an id like no other: of the moment NOW + number, its random bits all `number`."""
    return EntryId.make(NOW + number, bytes((number,)) * 10)


def plain(value: object) -> object:
    """Give a value as the files have it."""
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, Mapping):
        return {name: plain(item) for name, item in value.items()}
    return value


def pairs(packed: bytes) -> list[object]:
    """Give a msgpack map as a list of pairs, in its order."""
    return [plain(pair) for pair in unpack(packed).items()]


def key_vectors() -> object:
    """Token keys, login keys, fingerprints."""
    info = b"diary/1 keys" + bytes((SUITE,))
    return {
        "fingerprint": [
            {"identity": key.hex(), "fingerprint": fingerprint(key)} for key in (ROOT, bytes(32))
        ],
        "login": {
            "reply_key": REPLY_KEY.hex(),
            "login_tag": expand(REPLY_KEY, b"diary/1 login tag", 32).hex(),
            "grant_tag": expand(REPLY_KEY, b"diary/1 grant tag", 32).hex(),
            "grant_body": expand(REPLY_KEY, b"diary/1 grant body", 64).hex(),
        },
        "token": [
            {
                "root": root.hex(),
                "kid": kid.hex(),
                "suite": SUITE,
                "material": expand(root, info + kid, 192).hex(),
            }
            for root, kid in ((ROOT, KID), (bytes(32), b"\xff" * 8))
        ],
    }


def request_vector(rid: EntryId, request: Request) -> object:
    """Give a request's bytes; it is asked at the moment of its id."""
    return {
        "root": ROOT.hex(),
        "kid": KID.hex(),
        "rid": rid.hex(),
        "timestamp": rid.milliseconds,
        "plaintext": pairs(encode_request(request)),
        "packed": encode_request(request).hex(),
        "datagram": seal_request(KEYS, rid, rid.milliseconds, request).hex(),
    }


def answer_vector(
    name: str, rid: EntryId, request: Request, answer: Reply | Refusal, *, renew: bool = False
) -> object:
    """Give the bytes of what answers the request whose vector is called `name`."""
    envelope = parse_envelope(seal_request(KEYS, rid, rid.milliseconds, request))
    return {
        "root": ROOT.hex(),
        "kid": KID.hex(),
        "request": name,
        "request_tag": envelope.tag.hex(),
        "rid": rid.hex(),
        "timestamp": NOW + 40,
        "plaintext": pairs(encode_reply(answer, renew=renew)),
        "packed": encode_reply(answer, renew=renew).hex(),
        "datagram": seal_reply(KEYS, envelope, NOW + 40, answer, renew=renew).hex(),
    }


def request_vectors() -> object:
    """One datagram for each request of REQUESTS."""
    return {
        name: request_vector(entry_id(number), request)
        for number, (name, request) in enumerate(REQUESTS.items())
    }


def _answer(request: str, answer: Reply | Refusal) -> object:
    rid = entry_id(list(REQUESTS).index(request))
    return answer_vector(request, rid, REQUESTS[request], answer)


def reply_vectors() -> object:
    """One datagram for each reply of REPLIES; `request` names its request's vector."""
    return {name: _answer(request, reply) for name, (request, reply) in REPLIES.items()}


def numbered_requests(first: int, requests: Mapping[str, Request]) -> object:
    """One datagram for each request; the first has the id of the number `first`."""
    return {
        name: request_vector(entry_id(first + number), request)
        for number, (name, request) in enumerate(requests.items())
    }


def numbered_replies(
    first: int, requests: Mapping[str, Request], replies: Mapping[str, tuple[str, Reply]]
) -> object:
    """One datagram for each reply to a request that is numbered so; each names its request."""
    numbers = {name: number for number, name in enumerate(requests, start=first)}
    return {
        name: answer_vector(request, entry_id(numbers[request]), requests[request], reply)
        for name, (request, reply) in replies.items()
    }


def refusal_vectors() -> object:
    """One datagram for each code, whether or not a server gives it to this request."""
    return {
        f"refused_{code}": _answer("put_ascii", Refusal(code, REFUSALS[code].explanation, NOW))
        for code in REFUSALS
    }


def login_vectors() -> object:
    """HELLO, OFFER, LOGIN with a password and with an invite, GRANT with a token and without."""
    identity = Ed25519PrivateKey.from_private_bytes(IDENTITY_SEED)
    prekey = X25519PrivateKey.from_private_bytes(PREKEY)
    statement = Statement(
        identity.public_key().public_bytes_raw(),
        prekey.public_key().public_bytes_raw(),
        NOW,
        NOW + 3_900_000,
        1,
        1,
    )
    offer = Offer(COOKIE, statement, identity.sign(statement.encode()))
    rids = [entry_id(50), entry_id(51)]
    logins = {
        name: encode_login(rid, NOW + 50, offer, NONCE, form)
        for rid, (name, form) in zip(rids, FORMS.items(), strict=True)
    }
    grant = Grant(KID, ROOT, NOW + 31_536_000_000, "full", 1, NOW)
    denied = Refusal(ErrorCode.DENIED, REFUSALS[ErrorCode.DENIED].explanation, NOW)
    vectors: dict[str, object] = {
        "hello": {
            "rid": rids[0].hex(),
            "timestamp": NOW + 50,
            "nonce": NONCE.hex(),
            "lowest": 1,
            "highest": 1,
            "datagram": encode_hello(rids[0], NOW + 50, Hello(NONCE, 1, 1)).hex(),
        },
        "offer": {
            "rid": rids[0].hex(),
            "timestamp": NOW + 51,
            "cookie": COOKIE.hex(),
            "identity_seed": IDENTITY_SEED.hex(),
            "prekey_private": PREKEY.hex(),
            "statement": plain(asdict(statement)),
            "signed": statement.encode().hex(),
            "statement_id": statement_id(statement).hex(),
            "signature": offer.signature.hex(),
            "datagram": encode_offer(rids[0], NOW + 51, offer).hex(),
        },
    }
    for rid, (name, form) in zip(rids, FORMS.items(), strict=True):
        vectors[name] = {
            "rid": rid.hex(),
            "timestamp": NOW + 50,
            "cookie": COOKIE.hex(),
            "nonce": NONCE.hex(),
            "form": pairs(encode_form(form)),
            "packed": encode_form(form).hex(),
            "datagram": logins[name].hex(),
        }
    answers: dict[str, tuple[str, Grant | Refusal]] = {
        "grant_token": ("login_password", grant),
        "grant_denied": ("login_invite", denied),
    }
    for name, (login, answer) in answers.items():
        envelope = parse_envelope(logins[login])
        vectors[name] = {
            "login": login,
            "reply_key": REPLY_KEY.hex(),
            "rid": envelope.rid.hex(),
            "timestamp": NOW + 52,
            "plaintext": pairs(encode_reply(answer)),
            "packed": encode_reply(answer).hex(),
            "datagram": encode_grant(REPLY_KEY, envelope, NOW + 52, answer).hex(),
        }
    return vectors


def invite_vectors() -> object:
    """Words with what they carry."""
    invites = {
        "name": Invite(Address("diary.example", 8888), Username("alice"), fingerprint(ROOT), CODE),
        "ipv6": Invite(Address("2001:db8::1", 443), Username("bob"), fingerprint(CODE), CODE),
    }
    return {
        name: {
            "address": str(invite.address),
            "user": str(invite.user),
            "fingerprint": invite.fingerprint,
            "code": invite.code.hex(),
            "word": invite.encode(),
        }
        for name, invite in invites.items()
    }


def day_file_vector() -> object:
    """A file with a record of each kind and lines that are none, its parse, its entries."""
    east, west = Stamp(NOW, 480), Stamp(NOW - 1000, -210)
    first, second, third, fourth = map(entry_id, range(4))
    records: list[Record] = [
        Written(east, first, "今天天气很好 @weather"),
        Written(
            west, second, "one\n\ttwo \\ three\r\n\n\x00\x1b[31m\x85\u2028\ufeff", starred=True
        ),
        Written(east, third, "+ late, by wire", attributes=(("r", f"{west}"), ("v", "udp"))),
        Written(east, fourth, ""),
        Amended(east, entry_id(4), first, "今天下雨了", starred=True),
        Removed(east, entry_id(5), third),
        Removed(east, entry_id(6), fourth),
        Restored(east, entry_id(7), fourth),
    ]
    foreign = [b"a line somebody typed\n", b"\ta further line of it\n", b"\xff\xfe\n", b"\n"]
    return read_day_file(b"".join([*foreign, *map(format_record, records), b"2026-11-22T"]))


def read_day_file(data: bytes) -> object:
    """Give a file, its parse, its entries."""
    return {
        "file": data.hex(),
        "records": [_record(record) for record in parse_day_file(data)],
        "entries": [_record(record) for record in fold(parse_day_file(data))],
    }


def _record(record: Record | Foreign) -> object:
    fields = asdict(record)
    if not isinstance(record, Foreign):
        fields["stamp"] = record.stamp._asdict() | {"written": str(record.stamp)}
    return {"kind": type(record).__name__.lower(), **{n: plain(v) for n, v in fields.items()}}


FILES: Final[dict[str, Callable[[], object]]] = {
    "keys": key_vectors,
    "requests": request_vectors,
    "replies": reply_vectors,
    "refusals": refusal_vectors,
    "login": login_vectors,
    "invites": invite_vectors,
    "dayfile": day_file_vector,
}


def as_json(value: object) -> str:
    """Give JSON for people: sorted, a pair on one line, what a terminal would act on escaped."""
    text = json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False)
    text = re.sub(r'\{\n +("hex": "\w*")\n +\}', r"{\1}", text)
    text = re.sub(r'\[\n +("\w+"),\n +([^\n]+)\n +\]', r"[\1, \2]", text)
    unseen = "[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]"
    return re.sub(unseen, lambda match: f"\\u{ord(match[0]):04x}", text) + "\n"


def write(files: Mapping[str, Callable[[], object]]) -> None:
    """Write the files that do not exist; refuse to touch one that does."""
    FOLDER.mkdir(exist_ok=True)
    for name, make in files.items():
        path = FOLDER / f"{name}.json"
        if path.exists():
            print(f"{path.name} exists: golden vectors never change")  # noqa: T201
            continue
        path.write_text(as_json(make()), encoding="utf-8")


if __name__ == "__main__":
    write(FILES)
