"""A program that saves something in a new folder for each of its steps, and is killed there.

    python -m tests.client.killed_in_steps FOLDER login|entry|draft|export

A step is a line of the modules below. Each is tried in a process of its own, which ends with
SIGKILL there; the last one is not killed. Prints how many there were.
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Final

from diaryclient.files.atomic_output import whole_file, whole_folder
from diaryclient.home.leftovers import notes_below
from diaryclient.home.logins import Logins
from diaryclient.home.outbox import Entry, Outbox
from diaryclient.typed.editor import keep_draft
from protocol.identifiers import EntryId
from tests.client.fakes import FakeClock, FakeServer, login_to

TEXT: Final = "the only copy of a text"
STATE: Final = "state/diaryclient"
OLD: Final = login_to(FakeServer(FakeClock()))
NEW: Final = OLD._replace(kid=b"kid-0002", root=bytes(range(100, 132)))
ENTRY: Final = Entry(EntryId.make(1_700_000_000_000, bytes(10)), 1_700_000_000_000, 0, TEXT)
_MODULES: Final = ("scratch.py", "private_files.py", "logins.py", "outbox.py", "atomic_output.py")


def save_login(home: Path) -> None:
    """Save a login in place of an older one."""
    Logins(home / STATE / "logins", home / STATE).save(NEW)


def save_entry(home: Path) -> None:
    """Put an entry into the outbox."""
    Outbox(home / STATE / "outbox" / OLD.name).add(ENTRY)


def change_entry(home: Path) -> None:
    """Write an entry of the outbox anew, as when its time is corrected."""
    outbox = Outbox(home / STATE / "outbox" / OLD.name)
    outbox.hold(ENTRY.id)
    outbox.keep(ENTRY._replace(at=ENTRY.at + 1))


def save_draft(home: Path) -> None:
    """Keep a text that was typed."""
    keep_draft(home / STATE / "drafts", TEXT.encode())


def export(home: Path) -> None:
    """Write a file and a folder, both of a diary's texts."""
    notes = notes_below(home / STATE)
    with whole_file(home / "diary.txt", notes) as file:
        file.write(TEXT)
    with whole_folder(home / "diary", notes) as folder:
        (folder / "day.md").write_text(TEXT)


ACTIONS: Final[dict[str, Callable[[Path], None]]] = {
    "login": save_login,
    "entry": save_entry,
    "change": change_entry,
    "draft": save_draft,
    "export": export,
}


def _killed_at(step: int) -> Callable[[FrameType, str, object], object]:
    left = step

    def trace(frame: FrameType, event: str, _: object) -> object:
        nonlocal left
        if not frame.f_code.co_filename.endswith(_MODULES):
            return None
        if event == "line":
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    return trace


def _try(home: Path, act: Callable[[Path], None], step: int) -> bool:
    """Act in a child, and tell whether it was killed."""
    child = os.fork()
    if not child:
        sys.settrace(_killed_at(step))  # type: ignore[arg-type]
        act(home)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def main() -> None:
    """Do what the module says."""
    folder, name = Path(sys.argv[1]), sys.argv[2]
    step, is_killed = 0, True
    while is_killed:
        home = folder / f"{step:04}"
        home.mkdir()
        Logins(home / STATE / "logins").save(OLD)
        if name == "change":
            save_entry(home)
        is_killed = _try(home, ACTIONS[name], step)
        step += 1
    sys.stdout.write(f"{step}\n")


if __name__ == "__main__":
    main()
