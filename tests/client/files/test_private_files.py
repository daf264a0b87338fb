"""Files that only their owner reads, and that are whole."""

import errno
import os
from pathlib import Path

import pytest

from diaryclient.files.private_files import make_private_folder, write_private
from tests.client.fakes import file_mode


def test_modes(tmp_path: Path) -> None:
    """Files are 0600 and new folders 0700, whatever the umask allows."""
    before = os.umask(0)
    try:
        write_private(tmp_path / "a" / "b" / "file", b"data")
    finally:
        os.umask(before)
    assert file_mode(tmp_path / "a" / "b" / "file") == 0o600
    assert {file_mode(tmp_path / "a"), file_mode(tmp_path / "a" / "b")} == {0o700}


def test_an_existing_folder_stays_as_it_is(tmp_path: Path) -> None:
    """A folder that a person made keeps its permissions."""
    (tmp_path / "mine").mkdir(mode=0o755)
    make_private_folder(tmp_path / "mine")
    assert file_mode(tmp_path / "mine") == 0o755


def test_a_failed_write_leaves_the_old_content_and_no_scrap(tmp_path: Path) -> None:
    """Where the new content cannot take the place, nothing changed."""
    (tmp_path / "file").mkdir()
    (tmp_path / "file" / "old").write_bytes(b"old")
    with pytest.raises(OSError, match=os.strerror(errno.EISDIR)):
        write_private(tmp_path / "file", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
