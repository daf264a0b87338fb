"""HPKE and AES-SIV step by step, for vectors that show every intermediate value.

Rules: only for vectors and tests. What is sealed here is opened by the library that the project
uses, or is not written. Names are those of RFC 9180, sections 4 and 5, and RFC 5297, section 2.4.
"""

import hashlib
import hmac
from typing import Final, NamedTuple

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR
from cryptography.hazmat.primitives.cmac import CMAC

from protocol.keys import expand

_KEM: Final = b"KEM\x00\x20"
_SUITE: Final = b"HPKE\x00\x20\x00\x01\x00\x03"
_BLOCK: Final = 16


class Hpke(NamedTuple):
    """What sealing once comes by, in this order; `sealed` is enc and ciphertext."""

    enc: bytes
    dh: bytes
    eae_prk: bytes
    shared_secret: bytes
    psk_id_hash: bytes
    info_hash: bytes
    secret: bytes
    key: bytes
    base_nonce: bytes
    ciphertext: bytes

    @property
    def sealed(self) -> bytes:
        """As a LOGIN has it."""
        return self.enc + self.ciphertext


class Siv(NamedTuple):
    """What sealing one body comes by, in this order."""

    cmac_of_zeros: bytes
    cmac_of_data: bytes
    d: bytes
    t: bytes
    v: bytes
    q: bytes
    ciphertext: bytes


def hpke_seal(ephemeral: bytes, prekey: bytes, info: bytes, plaintext: bytes) -> Hpke:
    """Seal to the public `prekey` with a given private key, which a real client draws each time."""
    private = X25519PrivateKey.from_private_bytes(ephemeral)
    enc = private.public_key().public_bytes_raw()
    dh = private.exchange(X25519PublicKey.from_public_bytes(prekey))
    eae_prk = _extract(_KEM, b"", b"eae_prk", dh)
    shared_secret = _expand(_KEM, eae_prk, b"shared_secret", enc + prekey, 32)
    psk_id_hash = _extract(_SUITE, b"", b"psk_id_hash", b"")
    info_hash = _extract(_SUITE, b"", b"info_hash", info)
    context = b"\0" + psk_id_hash + info_hash
    secret = _extract(_SUITE, shared_secret, b"secret", b"")
    key = _expand(_SUITE, secret, b"key", context, 32)
    base_nonce = _expand(_SUITE, secret, b"base_nonce", context, 12)
    ciphertext = ChaCha20Poly1305(key).encrypt(base_nonce, plaintext, b"")
    return Hpke(
        enc,
        dh,
        eae_prk,
        shared_secret,
        psk_id_hash,
        info_hash,
        secret,
        key,
        base_nonce,
        ciphertext,
    )


def siv_seal(key: bytes, associated: bytes, plaintext: bytes) -> Siv:
    """Seal with a key of 64 bytes and one string of associated data; `plaintext` has 16 or more."""
    if len(plaintext) < _BLOCK:
        raise ValueError("shorter plaintexts are padded, which no vector shows")
    of_zeros, of_data = _cmac(key[:32], bytes(_BLOCK)), _cmac(key[:32], associated)
    d = _xor(_doubled(of_zeros), of_data)
    t = plaintext[:-_BLOCK] + _xor(plaintext[-_BLOCK:], d)
    v = _cmac(key[:32], t)
    q = (int.from_bytes(v, "big") & ~(1 << 63 | 1 << 31)).to_bytes(_BLOCK, "big")
    ciphertext = Cipher(AES(key[32:]), CTR(q)).encryptor().update(plaintext)
    return Siv(of_zeros, of_data, d, t, v, q, ciphertext)


def _extract(suite: bytes, salt: bytes, label: bytes, ikm: bytes) -> bytes:
    return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + ikm, hashlib.sha256)


def _expand(suite: bytes, prk: bytes, label: bytes, info: bytes, length: int) -> bytes:
    return expand(prk, length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info, length)


def _cmac(key: bytes, data: bytes) -> bytes:
    cmac = CMAC(AES(key))
    cmac.update(data)
    return cmac.finalize()


def _doubled(block: bytes) -> bytes:
    number = int.from_bytes(block, "big") << 1
    return (number & (1 << 128) - 1 ^ (0x87 if number >> 128 else 0)).to_bytes(_BLOCK, "big")


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
