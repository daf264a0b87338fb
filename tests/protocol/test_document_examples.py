"""The worked examples of docs/PROTOCOL.md: each value that it shows is computed again.

Rules: as in `test_document`, from what the document says and with nothing of `protocol`. A line of
an example is a name, two spaces or more, and hex, which may go on in the next lines.
"""

import hashlib
import re
from typing import Final

import msgpack
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESSIV, ChaCha20Poly1305
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR
from cryptography.hazmat.primitives.cmac import CMAC

from tests.protocol.test_document import (
    CHECKSUM,
    DOCUMENT,
    LOGIN,
    REQUESTS,
    envelope,
    hkdf_expand,
    labeled_expand,
    labeled_extract,
    mac,
    of_hex,
    token_keys,
    vectors,
)

LINE: Final = re.compile(r"^    (?:(\S.*?) {2,}| +)([0-9a-f]+)$", re.MULTILINE)
NOW: Final = 1795344048123


def values_of(heading: str) -> dict[str, bytes]:
    """Give the named values that stand under a heading."""
    text = DOCUMENT.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    values: dict[str, bytes] = {}
    name = ""
    for found in LINE.finditer(text):
        name = found[1] or name
        values[name] = values.get(name, b"") + bytes.fromhex(found[2])
    return values


def cmac(key: bytes, data: bytes) -> bytes:
    """AES-CMAC."""
    made = CMAC(AES(key))
    made.update(data)
    return made.finalize()


def test_the_seal_of_the_worked_put_step_by_step() -> None:
    """RFC 5297 by hand comes to the body of the datagram, and to what the library makes."""
    shown = values_of("A worked put")
    vector = REQUESTS["put_ascii"]
    packed, datagram = of_hex(vector, "packed", "datagram")
    key, header = token_keys(vector)[1], datagram[:44]
    zeros, data = cmac(key[:32], bytes(16)), cmac(key[:32], header)
    doubled = int.from_bytes(zeros, "big") << 1
    if doubled >> 128:
        doubled = doubled % 2**128 ^ 0x87
    d = (doubled ^ int.from_bytes(data, "big")).to_bytes(16, "big")
    t = packed[:-16] + bytes(a ^ b for a, b in zip(packed[-16:], d, strict=True))
    v = cmac(key[:32], t)
    q = (int.from_bytes(v, "big") & ~(1 << 63) & ~(1 << 31)).to_bytes(16, "big")
    ciphertext = Cipher(AES(key[32:]), CTR(q)).encryptor().update(packed)
    assert v + ciphertext == datagram[44:-34] == AESSIV(key).encrypt(packed, [header])
    computed = {
        "CMAC(zeros)": zeros,
        "CMAC(header)": data,
        "D": d,
        "T": t,
        "V = CMAC(T)": v,
        "Q": q,
    }
    assert {name: shown[name] for name in computed} == computed


Values = dict[str, bytes]


def greeting(shown: Values) -> Values:
    """HELLO and OFFER, from what the client and the server chose."""
    rid, nonce = shown["rid"], shown["nonce"]
    header = envelope(10, bytes(8), rid, NOW + 50, 1122)
    hello = header + (nonce + b"\1\1").ljust(1122, b"\0") + b"\xc4\x20"
    values = {"versions": b"\1\1", "header of HELLO": header, "tag of HELLO": mac(CHECKSUM, hello)}
    assert hello + values["tag of HELLO"] == of_hex(LOGIN["hello"], "datagram")[0]

    header = envelope(11, bytes(8), rid, NOW + 51, 183)
    cookie, identity, prekey = shown["cookie"], shown["identity"], shown["prekey"]
    times = NOW.to_bytes(8, "big") + (NOW + 3_900_000).to_bytes(8, "big")
    statement = b"diary/1 offer" + identity + prekey + times + b"\1\1"
    Ed25519PublicKey.from_public_bytes(identity).verify(shown["signature"], statement)
    offer = header + cookie + statement + shown["signature"] + b"\xc4\x20"
    tag = mac(CHECKSUM, offer)
    assert offer + tag == of_hex(LOGIN["offer"], "datagram")[0]
    return values | {
        "header of OFFER": header,
        "cookie": offer[44:68],
        "identity": offer[81:113],
        "prekey": offer[113:145],
        "S": offer[68:163],
        "signature": offer[163:227],
        "tag of OFFER": tag,
    }


def form_of(key: bytes) -> bytes:
    """The form of a login."""
    packed: bytes = msgpack.packb(
        {
            "user": "alice",
            "password": "correct horse 电池",
            "invite": b"",
            "key": key,
            "label": "laptop",
            "scopes": "full",
            "lifetime": 0,
            "lowest": 1,
            "highest": 1,
        }
    )
    return packed


def hpke(private: X25519PrivateKey, prekey: bytes, info: bytes) -> Values:
    """RFC 9180, base mode, up to the key and the nonce."""
    enc = private.public_key().public_bytes_raw()
    kem, suite = b"KEM\x00\x20", b"HPKE\x00\x20\x00\x01\x00\x03"
    dh = private.exchange(X25519PublicKey.from_public_bytes(prekey))
    eae_prk = labeled_extract(kem, b"", b"eae_prk", dh)
    shared = labeled_expand(kem, eae_prk, b"shared_secret", enc + prekey, 32)
    psk_id_hash = labeled_extract(suite, b"", b"psk_id_hash", b"")
    info_hash = labeled_extract(suite, b"", b"info_hash", info)
    context = b"\0" + psk_id_hash + info_hash
    secret = labeled_extract(suite, shared, b"secret", b"")
    return {
        "info": info,
        "ephemeral key": private.private_bytes_raw(),
        "enc": enc,
        "dh": dh,
        "eae_prk": eae_prk,
        "shared_secret": shared,
        "psk_id_hash": psk_id_hash,
        "info_hash": info_hash,
        "secret": secret,
        "key": labeled_expand(suite, secret, b"key", context, 32),
        "base_nonce": labeled_expand(suite, secret, b"base_nonce", context, 12),
    }


def login(shown: Values) -> tuple[Values, bytes]:
    """LOGIN, from the OFFER and the ephemeral key."""
    key, form = shown["reply key"], form_of(shown["reply key"])
    header = envelope(12, bytes(8), shown["rid"], NOW + 50, 1122)
    opening = shown["cookie"] + shown["nonce"]
    info = b"diary/1 login" + hashlib.sha256(header + opening + shown["S"]).digest()
    private = X25519PrivateKey.from_private_bytes(shown["ephemeral key"])
    steps = hpke(private, shown["prekey"], info)
    plaintext = (len(form).to_bytes(2, "big") + form).ljust(1010, b"\0")
    ciphertext = ChaCha20Poly1305(steps["key"]).encrypt(steps["base_nonce"], plaintext, b"")
    sent = header + opening + hashlib.sha256(shown["S"]).digest()[:8]
    sent += steps["enc"] + ciphertext + b"\xc4\x20"
    tag_key = hkdf_expand(key, b"diary/1 login tag", 32)
    sent += mac(tag_key, sent)
    assert (len(form), len(ciphertext), len(sent)) == (141, 1026, 1200)
    values = {
        "form": form,
        "header of LOGIN": header,
        "SHA-256(S)[0..7]": sent[100:108],
        "first of ciphertext": ciphertext[:32],
        "last of ciphertext": ciphertext[-32:],
        "SHA-256 of it": hashlib.sha256(ciphertext).digest(),
        "login tag key": tag_key,
        "tag of LOGIN": sent[-32:],
    }
    return steps | values, sent


def grant(shown: Values, sent: bytes) -> tuple[Values, bytes]:
    """GRANT, from the LOGIN that it answers and the token of the worked put."""
    key = shown["reply key"]
    root, kid = of_hex(REQUESTS["put_ascii"], "root", "kid")
    answer = msgpack.packb(
        {
            "code": "OK",
            "kid": kid,
            "root": root,
            "expires": NOW + 31_536_000_000,
            "scopes": "full",
            "lowest": 1,
            "time": NOW,
        }
    )
    header = envelope(13, bytes(8), shown["rid"], NOW + 52, 272)
    tag_key = hkdf_expand(key, b"diary/1 grant tag", 32)
    body_key = hkdf_expand(key, b"diary/1 grant body", 64)
    digest = hashlib.sha256(sent).digest()
    plaintext = (len(answer).to_bytes(2, "big") + answer).ljust(256, b"\0")
    made = header + AESSIV(body_key).encrypt(plaintext, [header + digest]) + b"\xc4\x20"
    made += mac(tag_key, made)
    assert (len(answer), len(made)) == (113, 350)
    values = {
        "SHA-256(LOGIN)": digest,
        "grant tag key": tag_key,
        "grant body key": body_key,
        "header of GRANT": header,
        "synthetic IV": made[44:60],
        "map": answer,
        "tag of GRANT": made[-32:],
    }
    return values, made


def test_the_worked_login() -> None:
    """From what the client chose and what the OFFER says to the GRANT's map, value by value."""
    shown, worked = values_of("A worked LOGIN"), vectors("worked")
    chosen = {name: shown[name] for name in ("rid", "nonce", "reply key")}
    of_login, sent = login(shown)
    of_grant, answered = grant(shown, sent)
    assert shown == chosen | greeting(shown) | of_login | of_grant
    assert sent == of_hex(worked["login"], "datagram")[0]
    assert answered == of_hex(worked["grant"], "datagram")[0]
    form, answer = len(of_login["form"]), len(of_grant["map"])
    for figure in (
        f"The form, {form} bytes of msgpack",
        f"its length, `{form:04x}`, the form",
        f"map has {answer} bytes, its plaintext the length `{answer:04x}`",
    ):
        assert figure in DOCUMENT
