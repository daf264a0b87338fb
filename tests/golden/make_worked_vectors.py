"""Writes what the document works out step by step, and what the first vectors lack, into `v1/`.

python tests/golden/make_worked_vectors.py

A LOGIN here is sealed with a given ephemeral key, so that its bytes can be made again. GRANTs are
the answers that `login.json` lacks; `cut` is a long `put` whole, in its parts and answered;
`dayfile_foreign` has lines that are nearly records.
"""

from collections.abc import Callable
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from protocol.envelope import NO_KID, Kind, parse_envelope, signed_part, write_header
from protocol.errors import ErrorCode
from protocol.keys import expand, sign
from protocol.login import encode_grant, login_binding, login_digest
from protocol.messages.account import Grant
from protocol.messages.base import Refusal
from protocol.messages.coding import encode_reply, encode_request
from protocol.messages.forms import encode_form
from protocol.messages.parts import cut
from protocol.messages.writing import Stored
from protocol.offer import Offer, Statement, statement_id
from tests.golden.by_hand import Hpke, hpke_seal, siv_seal
from tests.golden.make_part_vectors import PUT
from tests.golden.make_vectors import (
    COOKIE,
    FORMS,
    IDENTITY_SEED,
    KEYS,
    KID,
    NONCE,
    NOW,
    PREKEY,
    REPLY_KEY,
    REQUESTS,
    ROOT,
    TODAY,
    entry_id,
    pairs,
    read_day_file,
    write,
)

EPHEMERAL: Final = bytes(range(0x20, 0x40))
FORM: Final = FORMS["login_password"]
RID: Final = entry_id(50)
LOGIN_PLAINTEXT: Final = 1010
GRANT_PLAINTEXT: Final = 256


def offer() -> Offer:
    """Give the offer of `login.json`."""
    identity = Ed25519PrivateKey.from_private_bytes(IDENTITY_SEED)
    prekey = X25519PrivateKey.from_private_bytes(PREKEY)
    public = identity.public_key().public_bytes_raw(), prekey.public_key().public_bytes_raw()
    statement = Statement(*public, NOW, NOW + 3_900_000, 1, 1)
    return Offer(COOKIE, statement, identity.sign(statement.encode()))


def padded_map(packed: bytes, length: int) -> bytes:
    """Give the plaintext of a LOGIN or a GRANT."""
    return (len(packed).to_bytes(2, "big") + packed).ljust(length, b"\0")


def login_of(plaintext: bytes, mac_key: bytes, info: bytes | None = None) -> tuple[bytes, Hpke]:
    """Give a LOGIN to the offer, and how it was sealed; `info` None: the right one."""
    statement = offer().statement
    info = info or login_binding(RID, NOW + 50, offer(), NONCE)
    hpke = hpke_seal(EPHEMERAL, statement.prekey, info, plaintext)
    opening = COOKIE + NONCE + statement_id(statement)
    header = write_header(Kind.LOGIN, NO_KID, RID, NOW + 50, len(opening) + len(hpke.sealed))
    signed = signed_part(header, opening + hpke.sealed)
    return signed + sign(mac_key, signed), hpke


def right_login() -> tuple[bytes, Hpke]:
    """Give the worked LOGIN."""
    plaintext = padded_map(encode_form(FORM), LOGIN_PLAINTEXT)
    return login_of(plaintext, expand(REPLY_KEY, b"diary/1 login tag", 32))


def login_vector() -> dict[str, object]:
    """The worked LOGIN with every intermediate value."""
    datagram, hpke = right_login()
    return {
        "rid": RID.hex(),
        "timestamp": NOW + 50,
        "cookie": COOKIE.hex(),
        "nonce": NONCE.hex(),
        "statement": offer().statement.encode().hex(),
        "statement_id": statement_id(offer().statement).hex(),
        "form": pairs(encode_form(FORM)),
        "packed": encode_form(FORM).hex(),
        "prekey_private": PREKEY.hex(),
        "ephemeral_private": EPHEMERAL.hex(),
        "info": login_binding(RID, NOW + 50, offer(), NONCE).hex(),
        **{name: value.hex() for name, value in hpke._asdict().items()},
        "tag_key": expand(REPLY_KEY, b"diary/1 login tag", 32).hex(),
        "datagram": datagram.hex(),
    }


def grant_vector(answer: Grant | Refusal) -> dict[str, object]:
    """A GRANT that answers the worked LOGIN, with every intermediate value."""
    login = parse_envelope(right_login()[0])
    datagram = encode_grant(REPLY_KEY, login, NOW + 52, answer)
    header = parse_envelope(datagram).header
    plaintext = padded_map(encode_reply(answer), GRANT_PLAINTEXT)
    key = expand(REPLY_KEY, b"diary/1 grant body", 64)
    return {
        "rid": RID.hex(),
        "timestamp": NOW + 52,
        "reply_key": REPLY_KEY.hex(),
        "login_digest": login_digest(login).hex(),
        "plaintext": pairs(encode_reply(answer)),
        "packed": encode_reply(answer).hex(),
        "tag_key": expand(REPLY_KEY, b"diary/1 grant tag", 32).hex(),
        "body_key": key.hex(),
        "siv": siv_seal(key, header + login_digest(login), plaintext).v.hex(),
        "datagram": datagram.hex(),
    }


def worked_vectors() -> object:
    """A `put` and a LOGIN step by step, and what may answer that LOGIN."""
    packed = encode_request(REQUESTS["put_ascii"])
    header = write_header(Kind.REQUEST, KID, entry_id(0), NOW, len(packed) + 16)
    material = expand(ROOT, b"diary/1 keys\x01" + KID, 192)
    steps = siv_seal(material[32:96], header, packed)
    if KEYS.to_server.siv.encrypt(packed, [header]) != steps.v + steps.ciphertext:
        raise ValueError("the library seals it otherwise")
    token = Grant(KID, ROOT, NOW + 31_536_000_000, "full", 1, NOW)
    refused = {
        "grant_busy": Refusal(ErrorCode.BUSY, "", NOW),
        "grant_rate": Refusal(ErrorCode.RATE, "", NOW),
        "grant_storage": Refusal(ErrorCode.STORAGE, "the server failed; see its log", NOW),
        "grant_invalid": Refusal(ErrorCode.INVALID, "a password has at least 8 characters", NOW),
    }
    ended = Grant(KID, ROOT, 0, "full", 1, NOW, "cron on 书房")
    return {
        "put": {
            "header": header.hex(),
            "packed": packed.hex(),
            **{name: value.hex() for name, value in steps._asdict().items()},
        },
        "login": login_vector(),
        "grant": grant_vector(token),
        "grant_ended": grant_vector(ended),
        **{name: grant_vector(answer) for name, answer in refused.items()},
    }


def cut_vector() -> object:
    """The long `put` of `part_requests.json`, whole, and what makes its parts."""
    packed = encode_request(PUT)
    parts = cut(entry_id(2), packed)
    return {
        "id": parts[0].id.hex(),
        "packed": packed.hex(),
        "digest": parts[0].digest.hex(),
        "parts": [part.data.hex() for part in parts],
        "requests": [f"part_of_put_{number}" for number in range(len(parts))],
        "bitmaps": ["01", "03"],
        "answer": encode_reply(Stored(TODAY, dup=False)).hex(),
    }


def foreign_file() -> object:
    """Lines that are nearly records, between records that show where each belongs."""
    time, own = b"2026-11-22T18:40:48.123+08:00", entry_id(0).hex().encode()
    other = entry_id(1).hex().encode()
    plus = time + b" " + own
    return read_day_file(
        b"\n".join(
            [
                plus + b" + the entry; the next line is an escape that is none",
                b"\ta \\n b",
                b"\tno longer its text, though it begins with TAB",
                time.replace(b"+08:00", b"+23:59") + b" " + other + b" + the widest zone",
                time.replace(b"+08:00", b"+24:00") + b" " + own + b" + no zone",
                time.replace(b"+08:00", b"+08:60") + b" " + own + b" + no minute",
                time.replace(b"+08:00", b"-00:00") + b" " + own + b" + written +00:00",
                time.replace(b"+08:00", b"Z") + b" " + own + b" + written +00:00",
                time.replace(b".123", b"") + b" " + own + b" + without milliseconds",
                time.replace(b"T18", b"T24") + b" " + own + b" + no such hour",
                time.replace(b"11-22", b"02-30") + b" " + own + b" + no such day",
                time.replace(b"T", b" ") + b" " + own + b" + no T",
                time + b" " + own.upper() + b" + an id in capitals",
                time + b" " + own[:12] + b"4" + own[13:] + b" + an id that is no UUIDv7",
                time + b" " + own[:16] + b"c" + own[17:] + b" + nor that",
                time + b"  " + own + b" + two spaces",
                plus + b" +no space",
                plus + b" +,k=v",
                plus + b" +,K=v a key in capitals",
                plus + b" +,k= no value",
                plus + b" +,k=v, a comma too many",
                plus + b" ~" + other + b" a change without a mark",
                plus + b" -" + other + b" a removal with a text",
                b"\ta line of that removal",
                plus + b" ^" + other.upper(),
                plus + b" + a backslash \\ alone",
                plus + b" + \\u{41} is written A",
                plus + b" + \\u{0} has one zero; \\u{00} has two",
                plus + b" + \\u{1B} in capitals",
                plus + b" + a raw \x07 control",
                plus + b" + a raw \xc2\x85 control",
                plus + b" + a line end of another system\r",
                plus + b" + no UTF-8 \xff",
                plus + b" + half a pair \xed\xa0\x80",
                b"\xef\xbb\xbf" + plus + b" + a byte order mark",
                b" " + plus + b" + a space",
                entry_id(2).hex().encode().join([time + b" ", b" +,v=a,v=b,zz=1:2.3+4-5 twice v"]),
                time + b" " + entry_id(3).hex().encode() + b" * cut in its last line",
                b"\tthis is whole",
                b"\tthis is n",
            ]
        )
    )


FILES: Final[dict[str, Callable[[], object]]] = {
    "worked": worked_vectors,
    "cut": cut_vector,
    "dayfile_foreign": foreign_file,
}

if __name__ == "__main__":
    write(FILES)
