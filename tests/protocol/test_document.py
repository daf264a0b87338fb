"""A second implementation, written from docs/PROTOCOL.md alone: the document is enough.

Rules: nothing here is imported from `protocol`, nor from other tests; where the document and this
file disagree with the golden vectors, the document is wrong.
"""

import base64
import hashlib
import hmac
import json
import re
from pathlib import Path
from typing import Any, Final
from unicodedata import combining, normalize

import msgpack
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESSIV, ChaCha20Poly1305

PLACE: Final = Path(__file__).parents[2]
DOCUMENT: Final = (PLACE / "docs" / "PROTOCOL.md").read_text(encoding="utf-8")


def vectors(name: str) -> dict[str, Any]:
    """Read a file of vectors; a value of bytes is {"hex": "..."}."""
    text = (PLACE / "tests" / "golden" / "v1" / f"{name}.json").read_text(encoding="utf-8")

    def value(found: dict[str, Any]) -> bytes | dict[str, Any]:
        return bytes.fromhex(found["hex"]) if set(found) == {"hex"} else found

    return json.loads(text, object_hook=value)  # type: ignore[no-any-return]


TOPICS: Final = ("", "account_", "changes_", "batch_", "search_", "tail_", "archive_", "usage_")
REQUESTS: Final = {name: one for each in TOPICS for name, one in vectors(f"{each}requests").items()}
REPLIES: Final = {name: one for each in TOPICS for name, one in vectors(f"{each}replies").items()}
ANSWERS: Final = REPLIES | vectors("refusals")
FORMS: Final = vectors("account_logins")
LOGIN: Final = vectors("login") | FORMS


def of_hex(vector: dict[str, Any], *names: str) -> list[bytes]:
    """Give fields that are plain hex."""
    return [bytes.fromhex(vector[name]) for name in names]


def mac(key: bytes, data: bytes) -> bytes:
    """HMAC-SHA-256."""
    return hmac.new(key, data, hashlib.sha256).digest()


def hkdf_expand(key: bytes, info: bytes, length: int) -> bytes:
    """RFC 5869, second step."""
    result, block = b"", b""
    for counter in range(1, 256):
        block = mac(key, block + info + bytes([counter]))
        result += block
        if len(result) >= length:
            break
    return result[:length]


def envelope(kind: int, kid: bytes, rid: bytes, timestamp: int, length: int) -> bytes:
    """Bytes 0 to 43."""
    return (
        bytes([0x98, 1, kind, 1])
        + bytes.fromhex("c408")
        + kid
        + bytes.fromhex("c410")
        + rid
        + bytes([0xCF])
        + timestamp.to_bytes(8, "big")
        + bytes([0xC5])
        + length.to_bytes(2, "big")
    )


def signed(key: bytes, header: bytes, body: bytes) -> bytes:
    """Append body and tag."""
    data = header + body + bytes.fromhex("c420")
    return data + mac(key, data)


def split(data: bytes, kind: int, key: bytes) -> tuple[bytes, bytes]:
    """Check a datagram by the table; give header and body."""
    n = len(data) - 78
    assert 95 <= len(data) <= 1200
    rid, timestamp = data[16:32], int.from_bytes(data[33:41], "big")
    assert data[:44] == envelope(kind, data[6:14], rid, timestamp, n)
    assert timestamp <= 253402300799999
    assert rid[6] >> 4 == 0b0111
    assert rid[8] >> 6 == 0b10
    assert data[44 + n : 46 + n] == bytes.fromhex("c420")
    assert hmac.compare_digest(data[-32:], mac(key, data[:-32]))
    return data[:44], data[44 : 44 + n]


def token_keys(vector: dict[str, Any]) -> list[bytes]:
    """c2s-mac, c2s-siv, s2c-mac, s2c-siv."""
    root, kid = of_hex(vector, "root", "kid")
    material = hkdf_expand(root, b"diary/1 keys" + b"\x01" + kid, 192)
    return [material[:32], material[32:96], material[96:128], material[128:192]]


def fields(pairs: list[list[Any]]) -> bytes:
    """Pack fields in the order of the vector."""
    packed: bytes = msgpack.packb(dict(pairs))
    return packed


@pytest.mark.parametrize("vector", REQUESTS.values(), ids=REQUESTS)
def test_requests_can_be_made_and_opened(vector: dict[str, Any]) -> None:
    """With the document, a client's datagrams come out byte for byte."""
    c2s_mac, c2s_siv, _, _ = token_keys(vector)
    kid, rid, datagram = of_hex(vector, "kid", "rid", "datagram")
    header, body = split(datagram, 1, c2s_mac)
    plaintext = AESSIV(c2s_siv).decrypt(body, [header])
    assert list(msgpack.unpackb(plaintext).items()) == list(map(tuple, vector["plaintext"]))

    plaintext = fields(vector["plaintext"])
    header = envelope(1, kid, rid, vector["timestamp"], len(plaintext) + 16)
    assert signed(c2s_mac, header, AESSIV(c2s_siv).encrypt(plaintext, [header])) == datagram


@pytest.mark.parametrize("vector", ANSWERS.values(), ids=ANSWERS)
def test_replies_can_be_made_and_opened(vector: dict[str, Any]) -> None:
    """With the document, a client reads what a server says to its request."""
    _, _, s2c_mac, s2c_siv = token_keys(vector)
    kid, rid, datagram = of_hex(vector, "kid", "rid", "datagram")
    (request,) = of_hex(REQUESTS[vector["request"]], "datagram")
    header, body = split(datagram, 2, s2c_mac)
    plaintext = AESSIV(s2c_siv).decrypt(body, [header + request[-32:]])
    assert list(msgpack.unpackb(plaintext).items()) == list(map(tuple, vector["plaintext"]))
    assert (header[6:14], header[16:32]) == (request[6:14], request[16:32])

    plaintext = fields(vector["plaintext"])
    header = envelope(2, kid, rid, vector["timestamp"], len(plaintext) + 16)
    sealed = AESSIV(s2c_siv).encrypt(plaintext, [header + request[-32:]])
    assert signed(s2c_mac, header, sealed) == datagram


CHECKSUM: Final = b"DIARY/1 checksum, not a secret.."


def test_hello_can_be_made() -> None:
    """Byte for byte."""
    hello = LOGIN["hello"]
    rid, nonce, datagram = of_hex(hello, "rid", "nonce", "datagram")
    body = (nonce + bytes([hello["lowest"], hello["highest"]])).ljust(1122, b"\0")
    header = envelope(10, bytes(8), rid, hello["timestamp"], 1122)
    assert signed(CHECKSUM, header, body) == datagram


def test_offer_can_be_read_and_its_signature_checked() -> None:
    """At the offsets of the table."""
    offer = LOGIN["offer"]
    cookie, datagram, seed = of_hex(offer, "cookie", "datagram", "identity_seed")
    split(datagram, 11, CHECKSUM)
    statement = datagram[68:163]
    assert len(datagram) == 261
    assert datagram[44:68] == cookie
    assert statement[:13] == b"diary/1 offer"
    assert offer["statement"] == {
        "identity": datagram[81:113],
        "prekey": datagram[113:145],
        "not_before": int.from_bytes(datagram[145:153], "big"),
        "not_after": int.from_bytes(datagram[153:161], "big"),
        "lowest": datagram[161],
        "highest": datagram[162],
    }
    Ed25519PublicKey.from_public_bytes(datagram[81:113]).verify(datagram[163:227], statement)
    assert Ed25519PrivateKey.from_private_bytes(seed).sign(statement) == datagram[163:227]


def labeled_extract(suite: bytes, salt: bytes, label: bytes, ikm: bytes) -> bytes:
    """RFC 9180, section 4."""
    return mac(salt or bytes(32), b"HPKE-v1" + suite + label + ikm)


def labeled_expand(suite: bytes, prk: bytes, label: bytes, info: bytes, length: int) -> bytes:
    """RFC 9180, section 4."""
    return hkdf_expand(prk, length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info, length)


def hpke_open(private: X25519PrivateKey, enc: bytes, ciphertext: bytes, info: bytes) -> bytes:
    """RFC 9180, base mode, single shot: 0x0020, 0x0001, 0x0003, empty associated data."""
    kem, suite = b"KEM\x00\x20", b"HPKE\x00\x20\x00\x01\x00\x03"
    shared = private.exchange(X25519PublicKey.from_public_bytes(enc))
    prk = labeled_extract(kem, b"", b"eae_prk", shared)
    context = enc + private.public_key().public_bytes_raw()
    secret = labeled_expand(kem, prk, b"shared_secret", context, 32)
    schedule = (
        b"\0"
        + labeled_extract(suite, b"", b"psk_id_hash", b"")
        + labeled_extract(suite, b"", b"info_hash", info)
    )
    prk = labeled_extract(suite, secret, b"secret", b"")
    key = labeled_expand(suite, prk, b"key", schedule, 32)
    nonce = labeled_expand(suite, prk, b"base_nonce", schedule, 12)
    return ChaCha20Poly1305(key).decrypt(nonce, ciphertext, b"")


def unpadded(plaintext: bytes) -> bytes:
    """Length in 2 bytes, map, zeros."""
    end = 2 + int.from_bytes(plaintext[:2], "big")
    assert not any(plaintext[end:])
    return plaintext[2:end]


@pytest.mark.parametrize("name", ["login_password", "login_invite", *FORMS])
def test_login_can_be_opened(name: str) -> None:
    """With HPKE by hand, as the document names it."""
    vector, offer = LOGIN[name], LOGIN["offer"]
    datagram, cookie, nonce = of_hex(vector, "datagram", "cookie", "nonce")
    statement, private = of_hex(offer, "signed", "prekey_private")
    assert len(datagram) == 1200
    assert (datagram[44:68], datagram[68:100]) == (cookie, nonce)
    assert datagram[100:108] == hashlib.sha256(statement).digest()[:8]
    digest = hashlib.sha256(datagram[:44] + cookie + nonce + statement).digest()
    plaintext = hpke_open(
        X25519PrivateKey.from_private_bytes(private),
        datagram[108:140],
        datagram[140:1166],
        b"diary/1 login" + digest,
    )
    form = msgpack.unpackb(unpadded(plaintext))
    assert len(plaintext) == 1010
    assert list(form.items()) == list(map(tuple, vector["form"]))
    split(datagram, 12, hkdf_expand(form["key"], b"diary/1 login tag", 32))


@pytest.mark.parametrize(("name", "kind"), [("renewal", b"renew"), ("password", b"passwd")])
def test_a_proof_can_be_made(name: str, kind: bytes) -> None:
    """From the token's root, for one LOGIN and its reply key."""
    vector = FORMS[name]
    form = dict(vector["form"])
    datagram, root = of_hex(vector, "datagram", "root")
    (statement,) = of_hex(LOGIN["offer"], "signed")
    binding = b"diary/1 login" + hashlib.sha256(datagram[:100] + statement).digest()
    key = hkdf_expand(root, b"diary/1 renewal" + form["kid"], 32)
    assert form["proof"] == mac(key, kind + binding + form["key"])


@pytest.mark.parametrize("name", ["grant_token", "grant_denied"])
def test_grant_can_be_made_and_opened(name: str) -> None:
    """Bound to the whole LOGIN."""
    vector = LOGIN[name]
    datagram, key, rid = of_hex(vector, "datagram", "reply_key", "rid")
    (login,) = of_hex(LOGIN[vector["login"]], "datagram")
    tag_key = hkdf_expand(key, b"diary/1 grant tag", 32)
    siv = AESSIV(hkdf_expand(key, b"diary/1 grant body", 64))
    header, body = split(datagram, 13, tag_key)
    bound = header + hashlib.sha256(login).digest()
    plaintext = siv.decrypt(body, [bound])
    answer = msgpack.unpackb(unpadded(plaintext))
    assert (len(datagram), len(plaintext)) == (350, 256)
    assert list(answer.items()) == list(map(tuple, vector["plaintext"]))

    packed = fields(vector["plaintext"])
    plaintext = (len(packed).to_bytes(2, "big") + packed).ljust(256, b"\0")
    header = envelope(13, bytes(8), rid, vector["timestamp"], 272)
    assert signed(tag_key, header, siv.encrypt(plaintext, [bound])) == datagram


def test_keys_and_fingerprints() -> None:
    """The derivations by themselves."""
    keys = vectors("keys")
    for vector in keys["token"]:
        assert b"".join(token_keys(vector)).hex() == vector["material"]
    for vector in keys["fingerprint"]:
        (identity,) = of_hex(vector, "identity")
        digest = base64.b64encode(hashlib.sha256(identity).digest()).decode()
        assert vector["fingerprint"] == "SHA256:" + digest.rstrip("=")


def values_of(word: str, prefix: str) -> list[Any]:
    """Crockford's letters, four bytes of checksum, a list."""
    letters = word.removeprefix(prefix)
    number = 0
    for letter in letters:
        number = number * 32 + "0123456789abcdefghjkmnpqrstvwxyz".index(letter)
    spare = len(letters) * 5 % 8
    data = (number >> spare).to_bytes(len(letters) * 5 // 8, "big")
    assert number % 2**spare == 0
    assert data[:4] == hashlib.sha256(data[4:]).digest()[:4]
    values: list[Any] = msgpack.unpackb(data[4:])
    return values


def shown(digest: bytes) -> str:
    """Give the fingerprint that shows a digest."""
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


@pytest.mark.parametrize("vector", vectors("invites").values(), ids=vectors("invites"))
def test_invites_can_be_read(vector: dict[str, Any]) -> None:
    """Whom to trust, and a code."""
    address, user, digest, code = values_of(vector["word"], "diaryinvite1")
    assert (address, user, shown(digest)) == (
        vector["address"],
        vector["user"],
        vector["fingerprint"],
    )
    assert code.hex() == vector["code"]


def form_of(text: str) -> str:
    """The form in which a text is compared, by the steps under "search"."""
    other_width = "[\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\uff66-\uffdc]+"
    text = re.sub(other_width, lambda run: normalize("NFKC", run[0]), text)
    parted, marks = "", 0
    for character in text:
        is_mark = combining(character) != 0 or character in "\u0f73\u0f75\u0f81"
        marks = marks + 1 if is_mark else 0
        if marks > 30:
            parted, marks = parted + "\u034f", 1
        parted += character
    folded = normalize("NFC", parted).casefold().replace("\u0131", "i")
    return normalize("NFC", re.sub("i\u0307+", "i", folded))


@pytest.mark.parametrize("vector", vectors("caseless").values(), ids=vectors("caseless"))
def test_forms_can_be_made(vector: dict[str, Any]) -> None:
    """Step by step."""
    assert form_of(vector["text"]) == vector["form"]


@pytest.mark.parametrize("vector", vectors("tokens").values(), ids=vectors("tokens"))
def test_token_words_can_be_read(vector: dict[str, Any]) -> None:
    """All that a client keeps."""
    names = ["address", "user", "fingerprint", "kid", "root", "scopes", "expires", "fixed"]
    values = dict(zip(names, values_of(vector["word"], "diarytoken1"), strict=True))
    values["fingerprint"] = shown(values["fingerprint"])
    assert values | {"word": vector["word"]} == vector


HEADER: Final = re.compile(
    r"(?P<time>\S{29}) (?P<id>[0-9a-f]{32}) "
    r"((~(?P<amends>[0-9a-f]{32}) )?(?P<mark>[+*])(?P<attributes>(,[a-z]+=[A-Za-z0-9:.+-]+)*) "
    r"(?P<text>.*)|(?P<change>[-^])(?P<changed>[0-9a-f]{32}))"
)


def unescaped(line: str) -> str:
    """Undo the two escapes; good enough for a file that nobody edited."""
    return re.sub(r"\\(\\|u\{([0-9a-f]+)\})", lambda found: chr(int(found[2] or "5c", 16)), line)


def entries_of(data: bytes) -> list[dict[str, Any]]:
    """Read and fold a day file as the document says."""
    entries: dict[str, dict[str, Any]] = {}
    texts: dict[str, list[dict[str, Any]]] = {}
    hidden: set[str] = set()
    target: dict[str, Any] | None = None
    for raw in data.split(b"\n")[:-1]:
        line = raw.decode(errors="replace")
        if line.startswith("\t") and target is not None:
            target["text"] += "\n" + unescaped(line[1:])
            continue
        found = HEADER.fullmatch(line)
        target = None
        if found is None:
            continue
        changed = found["changed"]
        if found["change"] == "-" and changed in entries:
            hidden.add(changed)
        elif found["change"] == "^" and changed in hidden:
            hidden.remove(changed)
        elif found["change"] == "^" and len(texts.get(changed, ())) > 1:
            texts[changed].pop()
        elif not found["change"]:
            target = {"text": unescaped(found["text"]), "starred": found["mark"] == "*"}
            if found["amends"] in entries:
                texts[found["amends"]].append(target)
            elif not found["amends"] and found["id"] not in entries:
                texts[found["id"]] = [target]
                attributes = [pair.split("=") for pair in found["attributes"].split(",")[1:]]
                entries[found["id"]] = {"written": found["time"], "attributes": attributes}
    return [
        entry | texts[name][-1] | {"id": name}
        for name, entry in entries.items()
        if name not in hidden
    ]


@pytest.mark.parametrize("name", ["dayfile", "dayfile_changes"])
def test_a_day_file_can_be_read_and_folded(name: str) -> None:
    """Without a line of the other implementation."""
    vector = vectors(name)
    expected = [
        {
            "id": entry["id"].hex(),
            "written": entry["stamp"]["written"],
            "text": entry["text"],
            "starred": entry["starred"],
            "attributes": entry["attributes"],
        }
        for entry in vector["entries"]
    ]
    found = entries_of(bytes.fromhex(vector["file"]))
    assert sorted(found, key=lambda entry: entry["id"]) == sorted(
        expected, key=lambda entry: entry["id"]
    )


def block_after(words: str) -> str:
    """Give the indented block of the document that follows `words`."""
    lines = DOCUMENT.split(words, 1)[1].split("\n\n", 2)[1].splitlines()
    return "\n".join(line[4:] for line in lines)


def test_the_worked_example_is_the_vector() -> None:
    """Its keys, its plaintext and its datagram, with the offsets where the document puts them."""
    vector = REQUESTS["put_ascii"]
    c2s_mac, c2s_siv, _, _ = token_keys(vector)
    keys = re.findall(r"[0-9a-f]{64}", block_after("The keys:"))
    assert "".join(keys) == (c2s_mac + c2s_siv).hex()

    plaintext = b""
    for line in block_after("The plaintext, 46 bytes:").splitlines():
        found = re.match(r"[0-9a-f]{2}(?: {1,2}(?:[0-9a-f]{2})+(?= |$))*", line)
        assert found
        plaintext += bytes.fromhex(found[0])
    assert plaintext.hex() == vector["packed"]

    datagram = b""
    for line in block_after("The datagram, 140 bytes:").splitlines()[1:]:
        offset, octets = line.split(maxsplit=1)
        assert int(offset) == len(datagram)
        datagram += bytes.fromhex(re.split(r" {2,}", octets)[0])
    assert datagram.hex() == vector["datagram"]


def test_the_example_of_a_day_file_follows_the_grammar() -> None:
    """Three records, the last of which hides the first."""
    (entry,) = entries_of(block_after("For example (the second text").encode() + b"\n")
    assert (entry["text"], entry["starred"]) == ("one\ntwo", True)
