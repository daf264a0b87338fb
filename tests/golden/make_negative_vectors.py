"""Writes what must be dropped, ignored or refused into `v1/negative.json`, as `make_vectors` does.

    python tests/golden/make_negative_vectors.py

Each has one fault, which `why` names: whatever else there is to check is right, tags above all.
`tests/protocol/test_negative.py` shows that each is refused, and the server's tests that it is
silent or says INVALID.
"""

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgpack
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from protocol.envelope import NO_KID, Kind, parse_envelope, signed_part, write_header
from protocol.invite import INVITE_PREFIX
from protocol.keys import SealingKeys, expand, sign
from protocol.login import login_digest
from protocol.messages.coding import encode_request
from protocol.messages.forms import encode_form
from protocol.offer import CHECKSUM_KEY, OFFER_LABEL
from protocol.tokenword import TOKEN_PREFIX
from tests.golden.make_vectors import (
    CODE,
    COOKIE,
    IDENTITY_SEED,
    KEYS,
    KID,
    NONCE,
    NOW,
    REPLY_KEY,
    REQUESTS,
    ROOT,
    entry_id,
    write,
)
from tests.golden.make_worked_vectors import (
    FORM,
    GRANT_PLAINTEXT,
    LOGIN_PLAINTEXT,
    RID,
    login_of,
    offer,
    padded_map,
    right_login,
)

TAG: Final = 32
PUT: Final = encode_request(REQUESTS["put_ascii"])
FIRST: Final = entry_id(0)


def signed(mac: bytes, data: bytes) -> bytes:
    """Sign all that comes before the tag, whatever it is."""
    return data + sign(mac, data)


def changed(data: bytes, at: int, octets: bytes) -> bytes:
    """Give other bytes from a place on."""
    return data[:at] + octets + data[at + len(octets) :]


def sealed(
    keys: SealingKeys,
    plaintext: bytes,
    *,
    kind: int = 1,
    kid: bytes = KID,
    rid: bytes = FIRST,
    bound: bytes = b"",
    associated: bytes | None = None,
) -> bytes:
    """Give a datagram that is sealed and signed as it must be, whatever is in it."""
    header = write_header(Kind.REQUEST, kid, FIRST, NOW, len(plaintext) + 16)
    header = changed(changed(header, 2, bytes((kind,))), 16, rid)
    body = keys.siv.encrypt(plaintext, [header + bound if associated is None else associated])
    return signed(keys.mac, signed_part(header, body))


def case(datagram: bytes, why: str) -> dict[str, object]:
    """One datagram and its fault."""
    return {"datagram": datagram.hex(), "why": why}


def request_cases() -> Mapping[str, object]:
    """What a server drops in silence under put_ascii's token: the envelope, the tag, the seal."""
    keys = KEYS.to_server
    right = sealed(keys, PUT)
    faults = {
        "array": (0, "97", "an array of 7"),
        "version_0": (1, "00", "version 0"),
        "version_2": (1, "02", "a version that is not spoken"),
        "kind_0": (2, "00", "an unknown kind"),
        "kind_reply": (2, "02", "a reply, sent to a server"),
        "kind_20": (2, "14", "the reserved kind"),
        "suite_2": (3, "02", "another suite than the token's"),
        "kid_width": (4, "c407", "another width of the kid"),
        "kid_unknown": (6, "00" * 8, "a kid that no token has"),
        "rid_width": (14, "d910", "a text for a byte string"),
        "rid_version_4": (22, "40", "a rid that is a UUIDv4"),
        "rid_variant": (24, "c0", "a rid of another variant"),
        "timestamp_width": (32, "d3", "a signed integer for the timestamp"),
        "timestamp_late": (33, "0000e677d21fdc00", "a timestamp of the year 10000"),
        "body_width": (41, "c6", "another width of the body"),
        "n_less": (42, "003d", "n one less than the length minus 78"),
        "n_more": (42, "003f", "n one more than the length minus 78"),
        "tag_width": (len(right) - TAG - 1, "1f", "another width of the tag"),
    }
    cases: dict[str, object] = {
        name: case(signed(keys.mac, changed(right, at, bytes.fromhex(octets))[:-TAG]), why)
        for name, (at, octets, why) in faults.items()
    }
    foreign = SealingKeys(KEYS.to_client.mac, keys.siv)
    header = right[:44]
    return cases | {
        "empty": case(sealed(keys, b""), "94 bytes: no plaintext"),
        "long": case(sealed(keys, PUT.ljust(1107, b"\0")), "1201 bytes: a plaintext of 1107"),
        "cut": case(right[:-1], "the last byte is missing"),
        "extended": case(right + b"\0", "a byte behind the tag"),
        "tag_flipped": case(
            changed(right, 139, bytes((right[139] ^ 1,))), "a wrong bit in the tag"
        ),
        "tag_of_zeros": case(right[:-TAG] + bytes(TAG), "no tag"),
        "tag_of_replies": case(sealed(foreign, PUT), "signed with s2c-mac"),
        "tag_short": case(
            signed(keys.mac, right[:-TAG])[:-16], "half a tag: its length is never read"
        ),
        "seal_header": case(
            sealed(keys, PUT, associated=header[:-1] + b"\0"), "sealed with another header"
        ),
        "seal_none": case(sealed(keys, PUT, associated=b""), "sealed without associated data"),
        "seal_direction": case(
            sealed(SealingKeys(keys.mac, KEYS.to_client.siv), PUT), "sealed with s2c-siv"
        ),
    }


def plaintexts() -> dict[str, tuple[bytes, str]]:
    """What is no strict msgpack, whatever message it should be."""
    ping, text = b"\x81\xa2op\xa4ping", b"\x82\xa2op\xa4ping\xa1x"
    return {
        "list": (b"\x91\x01", "a list for the map"),
        "nil": (b"\xc0", "nil for the map"),
        "trailing": (ping + b"\xc0", "a value behind the map"),
        "cut": (ping[:-1], "the last byte is missing"),
        "key_integer": (b"\x81\x01\x02", "a key that is a number"),
        "key_bytes": (b"\x81\xc4\x02op\xa4ping", "a key that is a byte string"),
        "key_twice": (b"\x82\xa2op\xa4ping\xa2op\xa4ping", "a key that is there twice"),
        "key_twice_below": (text + b"\x82\xa1a\x01\xa1a\x02", "the same in an inner map"),
        "float": (text + b"\xcb\x3f\xf0" + bytes(6), "a float"),
        "extension": (text + b"\xd4\x05\x00", "an extension type"),
        "extension_timestamp": (text + b"\xd6\xff" + bytes(4), "a timestamp, extension type -1"),
        "text_invalid": (text + b"\xa1\xff", "a text that is no UTF-8"),
        "text_surrogate": (text + b"\xa3\xed\xa0\x80", "a surrogate in a text"),
        "text_overlong": (text + b"\xa2\xc0\x80", "an overlong NUL in a text"),
        "depth_5": (text + b"\x91\x91\x91\x91\x01", "nested 5 deep"),
        "reserved": (text + b"\xc1", "the byte that msgpack never uses"),
        "announced": (b"\xdf\xff\xff\xff\xff", "a map of four thousand million fields"),
    }


def messages() -> dict[str, tuple[dict[str, object], str]]:
    """Maps that are no requests, each right but for one field."""
    put = {"op": "put", "at": NOW, "off": 0, "text": "x", "star": False}
    row = [bytes(FIRST), NOW, 0, "x", False]
    part = {"op": "part", "id": bytes(FIRST), "digest": bytes(32), "number": 0, "count": 1}
    day = {"op": "clear", "day": "2026-11-22", "generation": 0}
    mint = {"op": "mint", "label": "x", "scopes": "read", "lifetime": 0, "fixed": False}
    return {
        "op_missing": ({"at": NOW}, "no op"),
        "op_unknown": ({"op": "PUT"}, "an unknown op"),
        "op_number": ({"op": 1}, "an op that is a number"),
        "field_missing": ({"op": "put", "at": NOW, "off": 0}, "no text"),
        "field_unknown": (put | {"x": 1}, "a field that put does not have"),
        "at_early": (put | {"at": -62135510400001}, "below the bound of at"),
        "at_late": (put | {"at": 253402214400000}, "above the bound of at"),
        "at_boolean": (put | {"at": True}, "a boolean for a number"),
        "at_text": (put | {"at": str(NOW)}, "a text for a number"),
        "off_west": (put | {"off": -1081}, "below the bound of off"),
        "off_east": (put | {"off": 1081}, "above the bound of off"),
        "text_empty": (put | {"text": ""}, "an empty text"),
        "text_bytes": (put | {"text": b"x"}, "a byte string for a text"),
        "star_number": (put | {"star": 1}, "a number for a boolean"),
        "star_nil": (put | {"star": None}, "nil for a boolean"),
        "day_form": (day | {"day": "2026-11-2"}, "a day in another form"),
        "day_digits": (day | {"day": "２０２６-11-22"}, "digits that are not ASCII"),
        "day_leap": (day | {"day": "2026-02-29"}, "a day that no calendar has"),
        "day_zero": (day | {"day": "0000-01-01"}, "the year 0"),
        "day_path": (day | {"day": "../../../x"}, "a path for a day"),
        "generation": (day | {"generation": 2**32}, "above the bound of generation"),
        "batch_of_46": ({"op": "batch", "rows": [[]] * 46}, "46 rows"),
        "batch_row_short": ({"op": "batch", "rows": [row[:4]]}, "a row of four values"),
        "batch_row_map": ({"op": "batch", "rows": [{"id": bytes(FIRST)}]}, "a map for a row"),
        "batch_row_id": (
            {"op": "batch", "rows": [[bytes(16), *row[1:]]]},
            "an id that is no UUIDv7",
        ),
        "batch_text": (
            {"op": "batch", "rows": [[*row[:3], "x" * 1025, False]]},
            "a text of 1025 bytes in a batch",
        ),
        "part_number": (part | {"number": 274, "data": b"x"}, "above the bound of number"),
        "part_count": (part | {"count": 0, "data": b"x"}, "below the bound of count"),
        "part_digest": (part | {"digest": bytes(31), "data": b"x"}, "a digest of 31 bytes"),
        "part_empty": (part | {"data": b""}, "a part without data"),
        "part_long": (part | {"data": bytes(961)}, "a part of 961 bytes"),
        "pad_long": (
            {"op": "tail", "cursor": b"", "pad": bytes(401)},
            "above the bound of pad",
        ),
        "cursor_long": ({"op": "tail", "cursor": bytes(33)}, "above the bound of cursor"),
        "words_empty": (
            {"op": "search", "words": "", "first": "2026-11-22", "last": "2026-11-22"},
            "no words",
        ),
        "scopes_order": (mint | {"scopes": "write read"}, "scopes in another order"),
        "scopes_twice": (mint | {"scopes": "read read"}, "a scope twice"),
        "scopes_unknown": (mint | {"scopes": "admin"}, "a scope that there is not"),
        "scopes_none": (mint | {"scopes": ""}, "no scope"),
        "label_long": (mint | {"label": "x" * 65}, "a label of 65 bytes"),
        "user_capital": ({"op": "delete", "user": "Alice"}, "a user in capitals"),
        "user_line_end": ({"op": "delete", "user": "alice\n"}, "a user with a line end"),
        "id_short": ({"op": "revoke", "id": bytes(7)}, "a kid of 7 bytes"),
    }


def invalid_cases() -> Mapping[str, object]:
    """Requests that are signed and sealed as they must be, and get INVALID."""
    each = {f"msgpack_{name}": found for name, found in plaintexts().items()} | {
        f"field_{name}": (msgpack.packb(values), why) for name, (values, why) in messages().items()
    }
    return {
        name: case(sealed(KEYS.to_server, packed), why)
        | {"packed": packed.hex(), "code": "INVALID"}
        for name, (packed, why) in each.items()
    }


def accepted_maps() -> Mapping[str, object]:
    """Widths that nobody needs and every reader takes: each of them is a ping, or a put of `x`."""
    maps = {
        "map16": b"\xde\x00\x01\xa2op\xa4ping",
        "map32": b"\xdf\x00\x00\x00\x01\xa2op\xa4ping",
        "str8": b"\x81\xd9\x02op\xd9\x04ping",
        "str16": b"\x81\xda\x00\x02op\xda\x00\x04ping",
        "str32": b"\x81\xdb\x00\x00\x00\x02op\xdb\x00\x00\x00\x04ping",
        "integers": b"\x85\xa2op\xa3put\xa2at\xd3"
        + NOW.to_bytes(8, "big")
        + b"\xa3off\xcd\x00\x00\xa4text\xa1x\xa4star\xc2",
        "order": b"\x84\xa4text\xa1x\xa3off\xff\xa2at\x00\xa2op\xa3put",
    }
    return {name: case(sealed(KEYS.to_server, packed), "") for name, packed in maps.items()}


def reply_cases() -> Mapping[str, object]:
    """What a client that waits for the answer to put_ascii must not take for one."""
    keys, tag = KEYS.to_client, sealed(KEYS.to_server, PUT)[-TAG:]
    stored: dict[str, object] = {"code": "OK", "day": "2026-11-22", "dup": False}
    refused: dict[str, object] = {"code": "BUSY", "note": "", "time": NOW}

    def reply(values: dict[str, object] | bytes) -> bytes:
        packed = values if isinstance(values, bytes) else msgpack.packb(values)
        return sealed(keys, packed, kind=2, bound=tag)

    right: bytes = msgpack.packb(stored)
    ignored = {
        "tag_of_zeros": (reply(stored)[:-TAG] + bytes(TAG), "no tag"),
        "reflected": (sealed(KEYS.to_server, PUT), "the request itself, sent back"),
        "reflected_as_reply": (
            sealed(KEYS.to_server, right, kind=2, bound=tag),
            "signed and sealed with the keys of requests",
        ),
        "unbound": (sealed(keys, right, kind=2), "sealed without the request's tag"),
        "bound_to_another": (
            sealed(keys, right, kind=2, bound=bytes(TAG)),
            "the answer to another datagram of the same rid",
        ),
        "rid": (sealed(keys, right, kind=2, rid=entry_id(1), bound=tag), "another rid"),
        "kid": (sealed(keys, right, kind=2, kid=bytes(8), bound=tag), "another kid"),
        "kind": (sealed(keys, right, kind=13, bound=tag), "another kind"),
    }
    unreadable: dict[str, tuple[dict[str, object], str]] = {
        "code_missing": ({"day": "2026-11-22", "dup": False}, "no code"),
        "code_unknown": (refused | {"code": "NOPE"}, "an unknown code: keep the entry"),
        "code_number": (stored | {"code": 0}, "a code that is a number"),
        "dup_missing": ({"code": "OK", "day": "2026-11-22"}, "no dup"),
        "dup_number": (stored | {"dup": 0}, "a number for a boolean"),
        "day_leap": (stored | {"day": "2026-02-29"}, "a day that no calendar has"),
        "field_unknown": (stored | {"x": 1}, "a field that this reply does not have"),
        "renew_false": (stored | {"renew": False}, "a hint that is not true"),
        "refusal_renew": (refused | {"renew": True}, "a hint in a refusal"),
        "refusal_note": ({"code": "BUSY", "time": NOW}, "a refusal without a note"),
        "refusal_long": (refused | {"note": "x" * 121}, "a note of 121 bytes"),
        "refusal_time": (refused | {"time": -1}, "a time below its bound"),
    }
    return {
        name: case(datagram, why) | {"opens": False} for name, (datagram, why) in ignored.items()
    } | {
        name: case(reply(values), why) | {"opens": True}
        for name, (values, why) in unreadable.items()
    }


def of_login(kind: Kind, body: bytes, *, mac: bytes = CHECKSUM_KEY, kid: bytes = NO_KID) -> bytes:
    """Give a datagram of a login with any body."""
    return signed(mac, signed_part(write_header(kind, kid, RID, NOW + 51, len(body)), body))


def hello_cases() -> Mapping[str, object]:
    """HELLOs that get silence."""

    def hello(versions: bytes, padding: bytes = bytes(1088)) -> bytes:
        return NONCE + versions + padding

    bodies = {
        "padding": (hello(b"\1\1", bytes(1087) + b"\1"), "a padding that is not zero"),
        "short": (hello(b"\1\1", bytes(1087)), "1199 bytes"),
        "versions_0": (hello(b"\0\1"), "version 0"),
        "versions_16": (hello(b"\1\x10"), "version 16"),
        "versions_reversed": (hello(b"\2\1"), "the lowest above the highest"),
        "versions_other": (hello(b"\2\3"), "no version that the server speaks"),
    }
    right = hello(b"\1\1")
    return {name: case(of_login(Kind.HELLO, body), why) for name, (body, why) in bodies.items()} | {
        "kid": case(of_login(Kind.HELLO, right, kid=KID), "a kid"),
        "checksum": case(of_login(Kind.HELLO, right, mac=bytes(32)), "signed with another key"),
    }


def offer_cases() -> Mapping[str, object]:
    """OFFERs that a client ignores (`check` 1) or stops at (2 to 4), at the time NOW."""
    statement = offer().statement
    identity = Ed25519PrivateKey.from_private_bytes(IDENTITY_SEED)
    other = Ed25519PrivateKey.from_private_bytes(bytes(32))

    def stated(
        *,
        label: bytes = OFFER_LABEL,
        public: bytes = statement.identity,
        times: tuple[int, int] = (NOW, NOW + 3_900_000),
        versions: bytes = b"\1\1",
    ) -> bytes:
        first, last = (each.to_bytes(8, "big") for each in times)
        return label + public + statement.prekey + first + last + versions

    def body(signed_by: Ed25519PrivateKey, packed: bytes) -> bytes:
        return COOKIE + packed + signed_by.sign(packed)

    right, own = body(identity, stated()), other.public_key().public_bytes_raw()
    bodies = {
        "signature": (1, changed(right, 150, bytes((right[150] ^ 1,))), "a wrong signature"),
        "signer": (1, body(other, stated()), "signed by another key than its identity"),
        "label": (1, body(identity, stated(label=b"diary/2 offer")), "another label"),
        "long": (1, right + b"\0", "262 bytes"),
        "versions_0": (1, body(identity, stated(versions=b"\0\1")), "version 0"),
        "versions_reversed": (1, body(identity, stated(versions=b"\2\1")), "versions reversed"),
        "identity": (2, body(other, stated(public=own)), "another identity, rightly signed"),
        "early": (3, body(identity, stated(times=(NOW + 120_001, NOW + 4_020_001))), "not yet"),
        "late": (3, body(identity, stated(times=(NOW - 4_020_001, NOW - 120_001))), "run out"),
        "versions_other": (4, body(identity, stated(versions=b"\2\3")), "not our version"),
    }
    return {
        name: case(of_login(Kind.OFFER, each), why) | {"check": check}
        for name, (check, each, why) in bodies.items()
    } | {
        "kid": case(of_login(Kind.OFFER, right, kid=KID), "a kid") | {"check": 1},
        "checksum": case(of_login(Kind.OFFER, right, mac=REPLY_KEY), "another key") | {"check": 1},
    }


def login_cases() -> Mapping[str, object]:
    """LOGINs to the offer, their cookie good, that get silence."""
    form = encode_form(FORM)
    values: dict[str, object] = msgpack.unpackb(form)
    mac = expand(REPLY_KEY, b"diary/1 login tag", TAG)

    def login(packed: bytes, mac: bytes = mac, info: bytes | None = None) -> bytes:
        return login_of(padded_map(packed, LOGIN_PLAINTEXT), mac, info)[0]

    def padded_with(plaintext: bytes) -> bytes:
        return login_of(plaintext, mac)[0]

    def filled(**other: object) -> bytes:
        return login(msgpack.packb(values | other))

    right = padded_map(form, LOGIN_PLAINTEXT)
    short = dict(values)
    del short["label"]
    return {
        "tag": case(login(form, CHECKSUM_KEY), "signed with the published key"),
        "info": case(login(form, info=b"diary/1 login" + bytes(32)), "sealed with another info"),
        "padding": case(padded_with(right[:-1] + b"\1"), "a padding that is not zero"),
        "length": case(padded_with(b"\x03\xf1" + right[2:]), "a form longer than its room"),
        "trailing": case(login(form + b"\xc0"), "a value behind the form"),
        "form_unknown": case(filled(form="RENEW"), "an unknown form"),
        "form_nil": case(filled(form=None), "nil for the name of a form"),
        "field_missing": case(login(msgpack.packb(short)), "no label"),
        "field_unknown": case(filled(x=1), "a field that the form does not have"),
        "key_short": case(filled(key=REPLY_KEY[:31]), "a reply key of 31 bytes"),
        "invite_long": case(filled(invite=bytes(17)), "an invite of 17 bytes"),
        "password_long": case(filled(password="x" * 257), "a password of 257 bytes"),
        "lowest_0": case(filled(lowest=0), "version 0"),
    }


def grant_cases() -> Mapping[str, object]:
    """What a client that sent the worked LOGIN must not take for its GRANT."""
    login = parse_envelope(right_login()[0])
    mac = expand(REPLY_KEY, b"diary/1 grant tag", TAG)
    siv = AESSIV(expand(REPLY_KEY, b"diary/1 grant body", 64))
    packed: bytes = msgpack.packb({"code": "BUSY", "note": "", "time": NOW})
    right = padded_map(packed, GRANT_PLAINTEXT)

    def grant(
        plaintext: bytes,
        *,
        bound: bytes = login_digest(login),
        mac: bytes = mac,
        kid: bytes = NO_KID,
    ) -> bytes:
        header = write_header(Kind.GRANT, kid, RID, NOW + 52, len(plaintext) + 16)
        return signed(mac, signed_part(header, siv.encrypt(plaintext, [header + bound])))

    return {
        "tag": case(grant(right, mac=CHECKSUM_KEY), "signed with the published key"),
        "unbound": case(grant(right, bound=b""), "sealed without the LOGIN's digest"),
        "bound": case(grant(right, bound=hashlib.sha256(b"").digest()), "for another LOGIN"),
        "kid": case(grant(right, kid=KID), "a kid"),
        "short": case(grant(right[:-1]), "349 bytes"),
        "long": case(grant(right + b"\0"), "351 bytes"),
        "padding": case(grant(right[:-1] + b"\1"), "a padding that is not zero"),
        "length": case(grant(b"\x00\xff" + right[2:]), "a map longer than its room"),
    }


def word_of(prefix: str, packed: bytes, *, check: bytes | None = None) -> str:
    """Give a word of any bytes."""
    check = hashlib.sha256(packed).digest()[:4] if check is None else check
    letters = base64.b32encode(check + packed).decode().rstrip("=")
    table = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "0123456789abcdefghjkmnpqrstvwxyz")
    return prefix + letters.translate(table)


def word_cases() -> Mapping[str, object]:
    """Invites and tokens that are damaged, or were never made."""
    digest = hashlib.sha256(ROOT).digest()
    invite = ["diary.example:8888", "alice", digest, CODE]
    token = ["diary.example:8888", "alice", digest, KID, ROOT, "full", 0, False]

    def packed(values: Sequence[object], **other: object) -> bytes:
        given = {int(place.removeprefix("at")): value for place, value in other.items()}
        data: bytes = msgpack.packb([given.get(at, value) for at, value in enumerate(values)])
        return data

    letters = "0123456789abcdefghjkmnpqrstvwxyz"
    spare = word_of(INVITE_PREFIX, packed(invite, at1="bobby"))
    word, own = word_of(INVITE_PREFIX, packed(invite)), word_of(TOKEN_PREFIX, packed(token))
    words = {
        "invite_check": (
            word_of(INVITE_PREFIX, packed(invite), check=bytes(4)),
            "four bytes that do not match",
        ),
        "invite_cut": (word[:-1], "the last letter is missing"),
        "invite_letter": (word[:-1] + "u", "a letter that Crockford leaves out"),
        "invite_spare": (
            spare[:-1] + letters[letters.index(spare[-1]) | 1],
            "a bit of the last letter that is not zero",
        ),
        "invite_prefix": (word.replace("invite1", "invite2"), "another prefix"),
        "invite_list": (word_of(INVITE_PREFIX, packed(invite[:3])), "three values"),
        "invite_trailing": (
            word_of(INVITE_PREFIX, packed(invite) + b"\xc0"),
            "a value behind the list",
        ),
        "invite_code": (word_of(INVITE_PREFIX, packed(invite, at3=CODE[:15])), "15 bytes of code"),
        "invite_digest": (word_of(INVITE_PREFIX, packed(invite, at2=digest[:31])), "31 bytes"),
        "invite_user": (word_of(INVITE_PREFIX, packed(invite, at1="../x")), "a path for a user"),
        "invite_address": (
            word_of(INVITE_PREFIX, packed(invite, at0="a..b:1")),
            "an empty label in the host",
        ),
        "invite_port": (word_of(INVITE_PREFIX, packed(invite, at0="a:65536")), "a port too high"),
        "invite_text": (word_of(INVITE_PREFIX, packed(invite, at3="x" * 16)), "a text for bytes"),
        "invite_long": (word.ljust(641, "0"), "641 letters"),
        "token_scopes": (word_of(TOKEN_PREFIX, packed(token, at5="write read")), "scopes reversed"),
        "token_expires": (word_of(TOKEN_PREFIX, packed(token, at6=-1)), "a negative time"),
        "token_fixed": (word_of(TOKEN_PREFIX, packed(token, at7=0)), "a number for a boolean"),
        "token_root": (word_of(TOKEN_PREFIX, packed(token, at4=ROOT[:31])), "31 bytes of root"),
        "token_as_invite": (own.replace(TOKEN_PREFIX, INVITE_PREFIX), "a token with that prefix"),
        "token_long": (own.ljust(721, "0"), "721 letters"),
    }
    return {name: {"word": each, "why": why} for name, (each, why) in words.items()}


def negative_vectors() -> object:
    """All of them, by what reads them."""
    return {
        "requests": request_cases(),
        "invalid": invalid_cases(),
        "accepted": accepted_maps(),
        "replies": reply_cases(),
        "hellos": hello_cases(),
        "offers": offer_cases(),
        "logins": login_cases(),
        "grants": grant_cases(),
        "words": word_cases(),
    }


FILES: Final[dict[str, Callable[[], object]]] = {"negative": negative_vectors}

if __name__ == "__main__":
    write(FILES)
