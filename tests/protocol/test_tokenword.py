"""A token word carries a login whole to another machine, and a damaged one is noticed."""

import base64
import hashlib

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.address import Address
from protocol.identifiers import MAX_MILLISECONDS, Username
from protocol.identity import fingerprint
from protocol.invite import Invite, looks_like_invite, parse_invite
from protocol.tokenword import (
    MAX_TOKEN_WORD,
    TOKEN_PREFIX,
    TokenWord,
    looks_like_token,
    parse_token,
)
from tests.protocol.strategies import (
    any_text,
    any_value,
    garbage,
    scope_lists,
    timestamps,
    usernames,
)
from tests.protocol.totality import attempt, is_refused

KEY = bytes(range(32))
TOKEN = TokenWord(
    address=Address("diary.example", 8888),
    user=Username("alice"),
    fingerprint=fingerprint(KEY),
    kid=bytes(8),
    root=b"secret" * 5 + b"!!",
    scopes="write",
    expires=0,
    fixed=True,
)
INVITE = Invite(TOKEN.address, TOKEN.user, TOKEN.fingerprint, bytes(16))
PARTS: list[object] = ["host:1", "alice", bytes(32), bytes(8), bytes(32), "write", 0, False]
words = st.builds(
    TokenWord,
    st.sampled_from(["diary.example", "10.0.0.1:0", "[2001:db8::1]:65535", "::1%eth0"]).map(
        Address.parse
    ),
    usernames,
    st.binary(min_size=32, max_size=32).map(fingerprint),
    st.binary(min_size=8, max_size=8),
    st.binary(min_size=32, max_size=32),
    scope_lists,
    timestamps,
    st.booleans(),
)


@given(words)
def test_a_token_comes_back(token: TokenWord) -> None:
    """As one word for a shell, letters and digits only; also in capitals."""
    word = token.encode()
    assert looks_like_token(word)
    assert not looks_like_invite(word)
    assert word.isascii()
    assert word.isalnum()
    assert parse_token(word) == token
    assert parse_token(word.upper()) == token


def test_a_damaged_word_is_refused() -> None:
    """Cut anywhere, one letter changed anywhere, or extended."""
    word = TOKEN.encode()
    assert all(is_refused(parse_token, word[:length]) for length in range(len(word)))
    for place in range(len(TOKEN_PREFIX), len(word)):
        other = "x" if word[place] != "x" else "y"
        assert is_refused(parse_token, word[:place] + other + word[place + 1 :])
    for more in ("0", "=", "\n", " ", "\u0661"):
        assert is_refused(parse_token, word + more)


def test_an_invite_is_no_token() -> None:
    """Nor the other way, though both are made alike."""
    assert is_refused(parse_token, INVITE.encode())
    assert is_refused(parse_invite, TOKEN.encode())
    assert not looks_like_token(INVITE.encode())
    assert not looks_like_token("diarytoken2x")


@given(st.one_of(any_text, st.text("0123456789abcdefghjkmnpqrstvwxyz=")).map(TOKEN_PREFIX.__add__))
def test_a_token_is_total(word: str) -> None:
    """Any word parses to a token that encodes to it again, or is refused."""
    token = attempt(parse_token, word)
    assert token is None or token.encode() == word


def word_of(packed: bytes) -> str:
    """Give the word of any payload, its checksum right."""
    data = hashlib.sha256(packed).digest()[:4] + packed
    ours = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "0123456789abcdefghjkmnpqrstvwxyz")
    return TOKEN_PREFIX + base64.b32encode(data).decode().rstrip("=").translate(ours)


@given(st.one_of(garbage, st.lists(any_value, min_size=8, max_size=8).map(msgpack.packb)))
def test_a_token_is_total_behind_its_checksum(packed: bytes) -> None:
    """A checksum is no signature: whoever can add it still gets a token or a refusal."""
    token = attempt(parse_token, word_of(packed))
    assert token is None or parse_token(token.encode()) == token


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (0, "host:99999"),
        (0, b"host:1"),
        (1, "Alice"),
        (2, bytes(31)),
        (3, bytes(7)),
        (3, "a" * 8),
        (4, bytes(33)),
        (5, "write read"),
        (5, ""),
        (5, None),
        (6, -1),
        (6, MAX_MILLISECONDS + 1),
        (6, True),
        (6, "0"),
        (7, 0),
        (7, None),
    ],
)
def test_every_part_of_a_token_is_checked(place: int, value: object) -> None:
    """One wrong part spoils it, though its checksum is right."""
    assert parse_token(word_of(msgpack.packb(PARTS))).scopes == "write"
    changed = [*PARTS[:place], value, *PARTS[place + 1 :]]
    assert is_refused(parse_token, word_of(msgpack.packb(changed)))
    assert is_refused(parse_token, word_of(msgpack.packb(PARTS[:-1])))
    assert is_refused(parse_token, word_of(msgpack.packb([*PARTS, 0])))


def test_the_longest_token_fits() -> None:
    """The bound on the word refuses no token that can be made."""
    host = "a" * 63 + f".{'b' * 63}" * 2 + "." + "c" * 61
    token = TokenWord(
        address=Address(host, 65535),
        user=Username("a" * 32),
        fingerprint=fingerprint(KEY),
        kid=bytes(8),
        root=bytes(32),
        scopes="full read write",
        expires=MAX_MILLISECONDS,
        fixed=True,
    )
    assert len(token.encode()) <= MAX_TOKEN_WORD
    assert parse_token(token.encode()) == token


def test_the_root_is_shown_to_nobody() -> None:
    """A token that lands in a log or a traceback does not let its reader in."""
    assert "secret" not in repr(TOKEN)
