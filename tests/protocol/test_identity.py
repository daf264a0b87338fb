"""A fingerprint names one key and is written in one way."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.identity import fingerprint, parse_fingerprint
from tests.protocol.strategies import any_text
from tests.protocol.totality import attempt, is_refused

KEYS = st.binary(min_size=32, max_size=32)


@given(KEYS)
def test_a_fingerprint_parses_and_holds_the_whole_digest(key: bytes) -> None:
    """Nothing of the 256 bits is cut off."""
    shown = fingerprint(key)
    assert parse_fingerprint(shown) == shown
    assert base64.b64decode(shown.removeprefix("SHA256:") + "=") == hashlib.sha256(key).digest()


@given(st.one_of(any_text, st.from_regex(r"SHA256:[A-Za-z0-9+/]{43}\n?", fullmatch=True)))
def test_a_fingerprint_is_total_and_has_one_form(text: str) -> None:
    """What parses is what 32 bytes encode to, so that equal keys compare equal."""
    shown = attempt(parse_fingerprint, text)
    if shown is not None:
        digest = base64.b64decode(shown.removeprefix("SHA256:") + "=")
        assert len(digest) == 32
        assert base64.b64encode(digest).decode() == shown.removeprefix("SHA256:") + "="


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SHA256:",
        "SHA256:" + "A" * 42,
        "SHA256:" + "A" * 44,
        "SHA256:" + "A" * 43 + "=",
        "SHA256:" + "A" * 43 + "\n",
        "sha256:" + "A" * 43,
        "MD5:" + "A" * 43,
        "SHA256:" + "A" * 42 + "B",
        "SHA256:" + "-" * 43,
        "SHA256:" + "Ａ" * 43,
    ],
)
def test_other_forms_are_refused(text: str) -> None:
    """Another hash, padding, base64url, a newline, a last letter with bits too many."""
    assert is_refused(parse_fingerprint, text)
