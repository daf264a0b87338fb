"""Standard input as a text: bounded, and whole where Ctrl-C ends it."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from diaryclient.errors import InterruptedReadingError, TextTooLongError
from diaryclient.typed.standard_input import _interrupted, fill, read_text
from protocol.errors import UsageError


@pytest.fixture
def pipes() -> Iterator[list[int]]:
    """A pipe to read and one of interruptions: reading, writing, reading, writing."""
    opened = [*os.pipe(), *os.pipe()]
    yield opened
    for each in opened:
        os.close(each)


def test_what_came_before_an_interruption_is_there(pipes: list[int]) -> None:
    """Also what nobody had read yet; and nobody waits for the end."""
    source, writing, interrupts, interrupting = pipes
    os.write(writing, b"half a text")
    os.write(interrupting, b"\x02")
    data = bytearray()
    assert not fill(data, source, interrupts)
    assert data == b"half a text"
    assert not fill(data, source, interrupts)
    assert data == b"half a text"


def test_the_end_comes_first(pipes: list[int], tmp_path: Path) -> None:
    """Then it is whole, and no more is read than could be one."""
    (tmp_path / "text").write_bytes(b"x" * 2_000_000)
    with (tmp_path / "text").open("rb") as file:
        data = bytearray()
        assert fill(data, file.fileno(), pipes[2])
        assert 1_048_576 < len(data) < 1_200_000


def test_what_is_no_text_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One last newline is not part of it."""
    path = tmp_path / "text"
    for content, error in ((b"\xe4", UsageError), (b"x" * 2_000_000, TextTooLongError)):
        path.write_bytes(content)
        with path.open() as file:
            monkeypatch.setattr(sys, "stdin", file)
            with pytest.raises(error, match="nothing was saved"):
                read_text(tmp_path)
    path.write_bytes("今\n\n".encode())
    with path.open() as file:
        monkeypatch.setattr(sys, "stdin", file)
        assert read_text(tmp_path) == "今\n"
    monkeypatch.setattr(sys, "stdin", None)
    assert read_text(tmp_path) == ""


def test_an_interrupted_text_is_kept_byte_for_byte(tmp_path: Path) -> None:
    """The error says where, or that there was none, or that the disk did not take it."""
    error = _interrupted(b"half \xe4", tmp_path / "drafts")
    [path] = (tmp_path / "drafts").iterdir()
    assert path.read_bytes() == b"half \xe4"
    assert isinstance(error, InterruptedReadingError)
    assert str(path) in str(error)
    assert error.exit_status == 130
    assert "there was no text yet" in str(_interrupted(b" \n", tmp_path / "none"))
    assert not (tmp_path / "none").exists()
    (tmp_path / "file").write_text("in the way")
    assert "NOTHING WAS KEPT" in str(_interrupted(b"text", tmp_path / "file"))
