"""What hands and limits do to a running server: files deleted, replaced, renamed, none to open.

What is acknowledged stays, what is refused is refused with "ask again", and as soon as the fault is
gone the same id is stored, without a restart.
"""

import os
import resource
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from protocol.envelope import parse_envelope
from protocol.messages.writing import Put, Stored
from tests.integration.stricken import QUIET_LOG, Diary, opened
from tests.integration.wire import Wire, new_id, now
from tests.programs import Server, start_server


@pytest.fixture
def server(reused: Server) -> Server:
    """A server without users."""
    return reused


@pytest.fixture
def diary(server: Server) -> Iterator[Diary]:
    """A diary on an ordinary disk, with an entry in it."""
    with opened(server) as alice:
        assert alice.put("before") == ""
        yield alice


@contextmanager
def untouchable(path: Path) -> Iterator[None]:
    """Let nobody write to a file or create one in a folder, root included where that works."""
    if os.geteuid() == 0:
        if subprocess.run(["chattr", "+i", path], check=False, capture_output=True).returncode:
            pytest.skip("root may write anything on this file system")
        undo: Callable[[], object] = lambda: subprocess.run(["chattr", "-i", path], check=True)  # noqa: E731
    else:
        mode = path.stat().st_mode
        path.chmod(0o500)
        undo = lambda: path.chmod(mode)  # noqa: E731
    try:
        yield
    finally:
        undo()


def test_a_day_file_that_turns_read_only_and_back(diary: Diary) -> None:
    """What the journal has is acknowledged and catches up."""
    late = new_id()
    with untouchable(diary.file):
        assert diary.put("journalled") == ""
        assert diary.put("late", late) == "BUSY"
        assert diary.answers()
    assert diary.put("late", late) == ""
    diary.check()


def test_a_folder_that_turns_read_only_and_back(diary: Diary) -> None:
    """The day's file is gone and cannot be made anew: the same."""
    diary.file.unlink()
    diary.stored.clear()
    late = new_id()
    with untouchable(diary.folder):
        assert diary.put("journalled") == ""
        assert diary.put("late", late) == "BUSY"
    assert diary.put("late", late) == ""
    diary.check()


def delete_file(diary: Diary) -> None:
    """Remove the day's file."""
    diary.file.unlink()
    diary.stored.clear()


def delete_folder(diary: Diary) -> None:
    """Remove the whole diary."""
    shutil.rmtree(diary.folder)
    diary.stored.clear()


def replace_file(diary: Diary) -> None:
    """Put a copy in its place, as an editor saves."""
    copy = diary.folder / "copy"
    shutil.copy(diary.file, copy)
    copy.rename(diary.file)


def replace_folder(diary: Diary) -> None:
    """Put a copy of the whole diary in its place, as a hasty restore does."""
    shutil.copytree(diary.folder, diary.folder.with_name("copy"))
    shutil.rmtree(diary.folder)
    diary.folder.with_name("copy").rename(diary.folder)


@pytest.mark.parametrize("deed", [delete_file, delete_folder, replace_file, replace_folder])
def test_a_hand_in_the_folder_while_running(diary: Diary, deed: Callable[[Diary], None]) -> None:
    """The next entries are stored, once, by this server and by the next one after a kill."""
    before = list(diary.stored)
    deed(diary)
    assert diary.put("after") == ""
    assert diary.put("and after") == ""
    diary.check()
    diary.server.process.kill()
    diary.server.restart()
    found = diary.ids()
    # The journal may bring back what was deleted, never a second copy of anything.
    assert len(found) == len(set(found))
    assert set(diary.stored) <= set(found) <= {*diary.stored, *before}


def test_a_rename_by_logrotate_while_writing(diary: Diary) -> None:
    """Each entry is in one file or the other, once."""
    done = threading.Event()

    def rotate() -> None:
        for number in range(1, 200):
            if done.wait(0.01):
                return
            for path in diary.folder.glob("*.log"):
                path.rename(path.with_name(f"{path.name}.{number}"))

    rotating = threading.Thread(target=rotate)
    rotating.start()
    try:
        for number in range(300):
            rid = new_id()
            while diary.put(f"entry {number}", rid):
                pass
    finally:
        done.set()
        rotating.join()
    assert sorted(diary.ids()) == sorted(diary.stored)
    assert len(list(diary.folder.glob("*.log*"))) > 2
    assert len(diary.stored) == 301


@contextmanager
def no_descriptors(server: Server) -> Iterator[None]:
    """Let the server open nothing more than it has open."""
    pid = server.process.pid
    soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    highest = max(int(path.name) for path in Path(f"/proc/{pid}/fd").iterdir())
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (highest + 1, hard))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))


def test_no_descriptors_left(diary: Diary) -> None:
    """Refused with "ask again" in a few lines of log; then all goes on."""
    lates = [new_id() for _ in range(50)]
    with no_descriptors(diary.server):
        refused = [late for late in lates if diary.put("late", late)]
        assert refused
        assert diary.answers()
    for late in lates:
        assert diary.put("late", late) == ""
    assert sorted(diary.ids()) == sorted(diary.stored)
    assert diary.logged.count("\n") <= QUIET_LOG


def test_no_descriptors_left_under_load(diary: Diary) -> None:
    """The same with many at once, and an operator's command meanwhile, which cannot connect."""
    wire: Wire = diary.token.wire
    puts = {new_id(): Put(now(), 0, f"entry {number}") for number in range(200)}
    with no_descriptors(diary.server):
        for rid, put in puts.items():
            wire.send(diary.token.request(put, rid))
        for _ in puts:
            reply = wire.receive()
            assert reply is not None
            assert parse_envelope(reply).rid in puts
    for rid, put in puts.items():
        assert isinstance(diary.token.ask(put, rid), Stored)
    assert sorted(diary.ids()) == sorted([*diary.stored, *puts])
    assert diary.logged.count("\n") <= QUIET_LOG
    diary.server.add_user("carol")


def test_no_descriptors_left_for_connections(tmp_path: Path) -> None:
    """Plain-text windows wait until there are some, and the log does not fill meanwhile."""
    server = start_server(tmp_path / "server", extra="[legacy]\nenabled = true\n")
    with ExitStack() as stack:
        with no_descriptors(server):
            windows = [
                stack.enter_context(
                    socket.create_connection(("127.0.0.1", server.port), timeout=10)
                )
                for _ in range(5)
            ]
            windows[0].settimeout(1.5)
            with pytest.raises(TimeoutError):
                windows[0].recv(100)
        for window in windows:
            window.settimeout(10)
            assert window.recv(100).startswith(b"Welcome")
    assert server.stop() == 0
    assert server.log.count("no connection can be accepted: Too many open files") == 1
    assert server.log.count("\n") <= QUIET_LOG
