"""An invite carries a first login whole, and a damaged one is noticed."""

import base64
import hashlib

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.address import Address
from protocol.identifiers import Username
from protocol.identity import fingerprint
from protocol.invite import INVITE_PREFIX, MAX_WORD, Invite, looks_like_invite, parse_invite
from tests.protocol.strategies import any_text, any_value, garbage, usernames
from tests.protocol.totality import attempt, is_refused

KEY = bytes(range(32))
INVITE = Invite(Address("diary.example", 8888), Username("alice"), fingerprint(KEY), bytes(16))
INVITES = st.builds(
    Invite,
    st.sampled_from(["diary.example", "10.0.0.1:0", "[2001:db8::1]:65535", "::1%eth0"]).map(
        Address.parse
    ),
    usernames,
    st.binary(min_size=32, max_size=32).map(fingerprint),
    st.binary(min_size=16, max_size=16),
)
ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
SAME = {"o": "0", "i": "1", "l": "1"}


@given(INVITES)
def test_an_invite_comes_back(invite: Invite) -> None:
    """Also typed in capitals, and with the letters that people confuse with digits."""
    word = invite.encode()
    letters = word.removeprefix(INVITE_PREFIX)
    assert looks_like_invite(word)
    assert parse_invite(word) == invite
    assert parse_invite(word.upper()) == invite
    assert parse_invite(INVITE_PREFIX + letters.replace("0", "O").replace("1", "l")) == invite
    assert parse_invite(INVITE_PREFIX + letters.replace("0", "o").replace("1", "I")) == invite


@given(INVITES)
def test_an_invite_is_one_word_for_a_shell(invite: Invite) -> None:
    """Letters and digits only: nothing to quote, and a double click selects it whole."""
    word = invite.encode()
    assert word.isascii()
    assert word.isalnum()
    assert word == word.lower()


def test_one_changed_letter_is_found() -> None:
    """In every place, for every other letter; none is taken for another invite."""
    word = INVITE.encode()
    for place in range(len(INVITE_PREFIX), len(word)):
        for letter in ALPHABET:
            if SAME.get(letter, letter) != word[place]:
                assert is_refused(parse_invite, word[:place] + letter + word[place + 1 :])


def test_a_word_that_is_cut_or_extended_is_refused() -> None:
    """A half-copied invite does not point to another server."""
    word = INVITE.encode()
    assert all(is_refused(parse_invite, word[:length]) for length in range(len(word)))
    for more in (*ALPHABET, "=", "\n", " ", "0" * 8, "\u0661"):
        assert is_refused(parse_invite, word + more)
        assert is_refused(parse_invite, word[:20] + more + word[20:])


@given(st.one_of(any_text, st.text(ALPHABET), st.text("=")).map(INVITE_PREFIX.__add__))
def test_an_invite_is_total(word: str) -> None:
    """Any word parses to an invite that encodes to it again, or is refused."""
    invite = attempt(parse_invite, word)
    assert invite is None or invite.encode() == word


def word_of(packed: bytes) -> str:
    """Give the word of any payload, its checksum right."""
    data = hashlib.sha256(packed).digest()[:4] + packed
    letters = base64.b32encode(data).decode().rstrip("=")
    ours = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "0123456789abcdefghjkmnpqrstvwxyz")
    return INVITE_PREFIX + letters.translate(ours)


@given(
    st.one_of(
        garbage,
        st.lists(any_value, min_size=4, max_size=4).map(msgpack.packb),
        st.tuples(
            st.sampled_from(["host:1", "", 1, None]),
            st.sampled_from(["alice", "Alice", b"alice", 1, []]),
            st.sampled_from([bytes(32), bytes(31), bytes(33), "a" * 32, None]),
            st.sampled_from([bytes(16), bytes(15), "a" * 16, None]),
        ).map(msgpack.packb),
    )
)
def test_an_invite_is_total_behind_its_checksum(packed: bytes) -> None:
    """A checksum is no signature: whoever can add it still gets an invite or a refusal."""
    invite = attempt(parse_invite, word_of(packed))
    assert invite is None or invite.encode() == word_of(packed)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (0, "host:99999"),
        (0, b"host:1"),
        (1, "Alice"),
        (1, b"alice"),
        (2, bytes(31)),
        (2, bytes(33)),
        (2, "a" * 32),
        (3, bytes(15)),
        (3, bytes(17)),
        (3, b""),
        (3, "a" * 16),
        (3, None),
    ],
)
def test_every_part_of_an_invite_is_checked(place: int, value: object) -> None:
    """One wrong part spoils it, though its checksum is right."""
    parts: list[object] = ["host:1", "alice", bytes(32), bytes(16)]
    assert not is_refused(parse_invite, word_of(msgpack.packb(parts)))
    parts[place] = value
    assert is_refused(parse_invite, word_of(msgpack.packb(parts)))


def test_the_checksum_of_the_tests_is_the_right_one() -> None:
    """Or the test above would say nothing."""
    digest = hashlib.sha256(KEY).digest()
    packed = msgpack.packb(["diary.example:8888", "alice", digest, bytes(16)])
    assert parse_invite(word_of(packed)) == INVITE


@pytest.mark.parametrize(
    "address",
    [Address("a" * 63 + f".{'b' * 63}" * 2 + "." + "c" * 61, 65535), Address("::1%eth0", 1)],
)
def test_the_longest_invite_fits(address: Address) -> None:
    """The bound on the word refuses no invite that can be made."""
    invite = Invite(address, Username("a" * 32), fingerprint(KEY), bytes(16))
    assert len(invite.encode()) <= MAX_WORD
    assert parse_invite(invite.encode()) == invite


@pytest.mark.parametrize(
    "word", ["diary.example", "diaryinvite", "diaryinvite2x", "xiaryinvite1", ""]
)
def test_other_words_are_no_invites(word: str) -> None:
    """A host name is not mistaken for an invite, nor a word of a later kind for one of this."""
    letters = INVITE.encode().removeprefix(INVITE_PREFIX)
    assert not looks_like_invite(word)
    assert is_refused(parse_invite, word)
    assert is_refused(parse_invite, word.ljust(12, "x") + letters)


def test_the_code_is_shown_to_nobody() -> None:
    """An invite that lands in a log or a traceback does not let its reader in."""
    assert bytes(16).hex() not in repr(INVITE)
    assert repr(bytes(16)) not in repr(INVITE)
