"""A secret on a line: what belongs to it, and what none has."""

import unicodedata
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import UsageError
from protocol.secretline import check_typed, secret_of_line

TYPED = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters="\ufeff")
)


@given(secret=TYPED, ending=st.sampled_from([b"", b"\n", b"\r\n"]))
def test_what_was_typed_comes_back(secret: str, ending: bytes) -> None:
    """Blank space and all; a line end is dropped, and only one."""
    assert secret_of_line(secret.encode() + ending, "password") == secret


@given(st.binary(max_size=40))
def test_no_bytes_give_a_secret_that_nobody_could_type(line: bytes) -> None:
    """Nor does any error repeat them."""
    with suppress(UsageError):
        secret = secret_of_line(line, "password")
        assert not [each for each in secret if unicodedata.category(each) == "Cc"]
        assert line.startswith(secret.encode())
        assert line[len(secret.encode()) :] in {b"", b"\n", b"\r\n"}


@pytest.mark.parametrize(
    "line",
    [b"word\r", b"word\r\r\n", b"wo\trd", b"wo\0rd\n", b"\xef\xbb\xbfword\n", b"word\xc2\x85\n"],
)
def test_controls_are_refused_in_words(line: bytes) -> None:
    """That name the secret and do not repeat it."""
    with pytest.raises(UsageError, match=r"^the invite has a control character, .* take it out$"):
        secret_of_line(line, "invite")


def test_what_is_no_utf_8_is_told_so() -> None:
    """On a line, and in what a terminal gave."""
    with pytest.raises(UsageError, match=r"^the token is not valid UTF-8$"):
        secret_of_line(b"\xe4", "token")
    with pytest.raises(UsageError, match=r"^the token is not valid UTF-8$"):
        check_typed("\udce4", "token")
