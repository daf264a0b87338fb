"""Keys are separate, tags come first, and whoever lacks a key gets nothing."""

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.envelope import MAX_PLAINTEXT, Kind, parse_envelope
from protocol.identifiers import EntryId
from protocol.keys import (
    SealingKeys,
    TokenKeys,
    derive_token_keys,
    expand,
    is_authentic,
    open_sealed,
    seal,
    sign,
)
from tests.protocol.strategies import entry_ids, timestamps
from tests.protocol.totality import is_refused

ROOT = bytes(range(32))
KEYS = derive_token_keys(ROOT, b"12345678")
RID = EntryId.make(0, bytes(10))
PLAINTEXTS = st.binary(min_size=1, max_size=MAX_PLAINTEXT)
SEALING = st.sampled_from([KEYS.to_server, KEYS.to_client])


def test_hkdf_expand_is_that_of_the_rfc() -> None:
    """RFC 5869, A.1, its second step."""
    prk = "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5"
    okm = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
    info = bytes.fromhex("f0f1f2f3f4f5f6f7f8f9")
    assert expand(bytes.fromhex(prk), info, 42).hex() == okm


@given(entry_ids, timestamps, PLAINTEXTS, st.sampled_from([b"", bytes(32)]))
def test_what_was_sealed_opens(rid: EntryId, now: int, plaintext: bytes, bound_to: bytes) -> None:
    """With the same keys and the same binding."""
    data = seal(KEYS.to_server, Kind.REQUEST, KEYS.kid, rid, now, plaintext, bound_to)
    assert open_sealed(KEYS.to_server, parse_envelope(data), bound_to) == plaintext


@given(PLAINTEXTS, st.binary(min_size=32, max_size=32))
def test_another_binding_does_not_open(plaintext: bytes, bound_to: bytes) -> None:
    """What answers one datagram answers no other."""
    data = seal(KEYS.to_client, Kind.REPLY, KEYS.kid, RID, 0, plaintext, bound_to)
    for other in (b"", bytes(31) + b"\1", bound_to[:31], bound_to + b"\0"):
        assert other == bound_to or is_refused(
            open_sealed, KEYS.to_client, parse_envelope(data), other
        )


@given(PLAINTEXTS)
def test_other_keys_do_not_open(plaintext: bytes) -> None:
    """Those of the other direction, of another key id, of another root."""
    envelope = parse_envelope(seal(KEYS.to_server, Kind.REQUEST, KEYS.kid, RID, 0, plaintext))
    others: list[TokenKeys] = [
        derive_token_keys(ROOT, b"12345679"),
        derive_token_keys(bytes(32), KEYS.kid),
    ]
    assert is_refused(open_sealed, KEYS.to_client, envelope)
    for other in others:
        assert is_refused(open_sealed, other.to_server, envelope)
        assert is_refused(open_sealed, other.to_client, envelope)


@given(st.binary(min_size=17, max_size=200))
def test_a_body_that_is_signed_but_not_sealed_is_refused(body: bytes) -> None:
    """The tag's key alone does not make a message."""
    envelope = parse_envelope(seal(KEYS.to_server, Kind.REQUEST, KEYS.kid, RID, 0, body[16:]))
    signed = envelope.header + body + b"\xc4\x20"
    forged = parse_envelope(signed + sign(KEYS.to_server.mac, signed))
    assert is_authentic(KEYS.to_server.mac, forged)
    assert is_refused(open_sealed, KEYS.to_server, forged)


def test_the_tag_is_checked_before_the_body() -> None:
    """A wrong tag is refused though the body would open."""
    data = seal(KEYS.to_server, Kind.REQUEST, KEYS.kid, RID, 0, b"x")
    forged = parse_envelope(data[:-1] + bytes((data[-1] ^ 1,)))
    assert not is_authentic(KEYS.to_server.mac, forged)
    assert is_refused(open_sealed, KEYS.to_server, forged)


@pytest.mark.parametrize("length", [0, MAX_PLAINTEXT + 1])
def test_a_body_that_does_not_fit_is_not_sealed(length: int) -> None:
    """The bounds of the envelope hold for the sender too."""
    assert is_refused(seal, KEYS.to_server, Kind.REQUEST, KEYS.kid, RID, 0, bytes(length))


def test_the_four_keys_are_different_parts_of_192_bytes() -> None:
    """c2s-mac 32, c2s-siv 64, s2c-mac 32, s2c-siv 64; no two alike."""
    material = expand(ROOT, b"diary/1 keys\x01" + KEYS.kid, 192)
    parts = [material[:32], material[32:96], material[96:128], material[128:]]
    assert [KEYS.to_server.mac, KEYS.to_client.mac] == [parts[0], parts[2]]
    for keys, siv in ((KEYS.to_server, parts[1]), (KEYS.to_client, parts[3])):
        assert keys.siv.encrypt(b"x", [b"h"]) == type(keys.siv)(siv).encrypt(b"x", [b"h"])
    assert len({part[:32] for part in parts} | {part[-32:] for part in parts}) == 6


@given(SEALING)
def test_keys_are_shown_to_nobody(keys: object) -> None:
    """No key reaches a log or a traceback."""
    assert repr(keys) == "SealingKeys(...)"
    assert KEYS.to_server.mac.hex() not in repr(KEYS)
    assert repr(KEYS.to_server.mac)[2:-1] not in repr(KEYS)


@given(st.binary(), st.binary())
def test_the_tag_is_hmac_sha_256(mac: bytes, signed: bytes) -> None:
    """Of RFC 2104, whole."""
    assert sign(mac, signed) == hmac.new(mac, signed, "sha256").digest()


@given(SEALING, st.binary(max_size=1200))
def test_copied_states_give_the_same_tag(keys: SealingKeys, signed: bytes) -> None:
    """What the keys sign with is HMAC-SHA-256, and so again for every datagram."""
    expected = sign(keys.mac, signed)
    assert keys.sign(signed) == keys.sign(signed) == expected
