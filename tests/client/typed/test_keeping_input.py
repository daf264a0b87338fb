"""Ctrl-C around the reading of standard input: what was read is kept, the rest left to be read."""

from pathlib import Path

import pytest

from diaryclient.errors import InterruptedReadingError
from diaryclient.typed.standard_input import keeping_input


def test_before_anything_was_read_the_interrupt_goes_on(tmp_path: Path) -> None:
    """The pipe may be full: whoever ends the command prints back what it holds."""
    with pytest.raises(KeyboardInterrupt), keeping_input(bytearray(), tmp_path):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_after_it_was_read_the_text_stays_in_a_draft(tmp_path: Path) -> None:
    """Nothing else has it any more."""
    with pytest.raises(InterruptedReadingError), keeping_input(bytearray(b"text"), tmp_path):
        raise KeyboardInterrupt
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"text"]
