"""Recording what a process does to files, at the kernel's own boundary, results included.

Rules: the process has one thread, so its calls have one order. What it says of itself (an
operation begins, has returned, a sync's site) is a write to /dev/null, and so has its place in that
order. Calls that write are counted by the kernel too (/proc/PID/io), and both counts must be equal.
"""

import errno
import os
import pickle
import stat
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from tests.powercut.calls import recorded_calls, refused_calls, stop_at_calls
from tests.powercut.events import (
    Event,
    Made,
    Marked,
    Record,
    Removed,
    Renamed,
    Resized,
    Synced,
    Tree,
    Wrote,
)
from tests.powercut.ordered import OrderedDisk
from tests.powercut.places import Place
from tests.powercut.sites import site_of
from tests.powercut.tracing import EVENT_CALL, EVENT_EXIT, Tracee, be_traced

Say: TypeAlias = Callable[[object], None]
"""Puts something that can be pickled into the record."""

_MARK: Final = b"\0mark\0"
_AT_A_PLACE: Final = frozenset({"pwrite64", "pwritev", "pwritev2"})
_WRITES: Final = frozenset({"write", "writev", *_AT_A_PLACE})
_NOT_COUNTED: Final = frozenset({-errno.EBADF, -errno.EFAULT, -errno.EINVAL})
"""The kernel counts no write that it refuses before it looks at the file."""

_AT_FLAGS: Final = {"open": 1, "openat": 2}
_TEMPORARY: Final = 0o20000000
_WRITABLE_MAP: Final = 2
_IOVEC_BYTES: Final = 16


class RecordError(Exception):
    """What happened cannot be recorded faithfully, so nothing may be concluded from the record."""


@dataclass(frozen=True, slots=True)
class Fault:
    """The call of this number, of those that change files, fails once with `error`.

    `is_short`: of a write half is done first, and the one for the rest fails. With a `site` instead
    of a number it is the first sync there.
    """

    call: int
    error: int
    is_short: bool = False
    site: str = ""

    def __str__(self) -> str:
        """Name it."""
        if self.site:
            return f"{errno.errorcode[self.error]} at {self.site}"
        short = " after half of a write" if self.is_short else ""
        return f"{errno.errorcode[self.error]}{short} at call {self.call}"


def site_mark(function: str) -> object:
    """Give what to say before a sync, so that the record has its site."""
    return ("site", function)


def record(place: Place, perform: Callable[[Say], None], fault: Fault | None = None) -> Record:
    """Call `perform` in a child of this process, which has one thread, and record it.

    The record was proved: its events alone lead from what was there before to what is there now.
    Raise RecordError, with the child's own words if it failed.
    """
    before = place.take()
    process = os.fork()
    if not process:
        _be_recorded(perform)
    tracee = Tracee(process)
    try:
        found = _Recorder(place, tracee, fault).run(before)
    finally:
        tracee.close()
        if not os.WIFEXITED(tracee.status) and not os.WIFSIGNALED(tracee.status):
            os.kill(process, 9)
            os.waitpid(process, 0)
    disk = OrderedDisk(before)
    for event in found.events:
        disk.apply(event)
    if disk.now() != place.take():
        raise RecordError("what was recorded does not lead to what is there")
    return found


def _be_recorded(perform: Callable[[Say], None]) -> None:
    try:
        voice = os.open(os.devnull, os.O_WRONLY)
        for stream in (1, 2):  # what is logged is nobody's business here
            os.dup2(voice, stream)
        be_traced()
        stop_at_calls()
        perform(lambda said: _say(voice, said))
        os._exit(0)
    except BaseException:  # noqa: BLE001 - told to the recorder, all of it
        _say(os.open(os.devnull, os.O_WRONLY), ("failed", traceback.format_exc()))
    finally:
        os._exit(1)


def _say(voice: int, said: object) -> None:
    os.write(voice, _MARK + pickle.dumps(said))


class _Recorder:
    """One recording."""

    def __init__(self, place: Place, tracee: Tracee, fault: Fault | None) -> None:
        self._place = place
        self._tracee = tracee
        self._fault = fault
        self._events: list[Event] = []
        self._counts: Counter[str] = Counter()
        self._changes: list[str] = []
        self._failed_at = 0
        self._not_done = 0
        self._site = ""
        self._failure = ""
        self._has_failed = False
        self._recorded = recorded_calls()
        self._refused = refused_calls()

    def run(self, before: Tree) -> Record:
        tracee = self._tracee
        start, counted = tracee.writes(), None
        while event := tracee.go_on():
            if event == EVENT_CALL:
                self._call()
            elif event == EVENT_EXIT:
                counted = tracee.writes() - start
            else:
                raise RecordError("it started a thread or a process: its calls have no one order")
        if self._failure or tracee.status:
            raise RecordError(f"it failed ({tracee.status}): {self._failure}")
        seen = sum(self._counts[name] for name in _WRITES) - self._not_done
        if counted != seen:
            raise RecordError(f"the kernel counted {counted} calls that write, we saw {seen}")
        changes = tuple(self._changes)
        return Record(before, tuple(self._events), dict(self._counts), changes, self._failed_at)

    def _call(self) -> None:
        number, arguments = self._tracee.call()
        name = self._recorded.get(number)
        if name is None:
            self._check_refused(self._refused[number], arguments)
            return
        self._counts[name] += 1
        if name in _WRITES:
            self._write(name, arguments)
        elif name in {"open", "openat", "creat"}:
            self._open(name, arguments)
        elif name in {"fsync", "fdatasync", "sync", "syncfs"}:
            self._sync(name, arguments)
        elif name in {"ftruncate", "truncate"}:
            self._resize(name, arguments)
        else:
            self._change_names(name, arguments)

    def _check_refused(self, name: str, arguments: tuple[int, ...]) -> None:
        if name == "mmap":
            _, _, protection, _, descriptor, _ = arguments
            if descriptor & 0xFFFFFFFF == 0xFFFFFFFF:
                return
            if not protection & _WRITABLE_MAP and self._at(descriptor) is None:
                return
        raise RecordError(f"{name} changes files in a way that there is no model of")

    def _is_to_fail(self, name: str) -> bool:
        """Note a call that changes a file, and tell whether the fault is due."""
        self._changes.append(name)
        fault, number = self._fault, len(self._changes)
        if fault is not None and number == fault.call:
            self._failed_at = len(self._events)
        return fault is not None and number == fault.call + fault.is_short > 0

    def _is_site_to_fail(self, site: str) -> bool:
        fault = self._fault
        if fault is None or not fault.site or fault.site not in site or self._has_failed:
            return False
        self._has_failed = True
        return True

    def _fail(self, *, is_write: bool = False) -> None:
        assert self._fault
        self._not_done += is_write
        self._tracee.fail_call(self._fault.error)

    def _at(self, descriptor: int) -> int | None:
        return self._place.serial(self._tracee.place(descriptor))

    def _write(self, name: str, arguments: tuple[int, ...]) -> None:
        tracee = self._tracee
        descriptor = arguments[0]
        target = tracee.place(descriptor)
        data = self._data(name, arguments)
        if not stat.S_ISREG(Path(target).stat().st_mode):
            tracee.finish_call()
            if data.startswith(_MARK):
                self._hear(pickle.loads(data[len(_MARK) :]))  # noqa: S301 - our own child's
            return
        if name == "pwritev2" and arguments[5]:
            raise RecordError("there is no model of a write with flags")
        node = self._known(self._at(descriptor), name)
        if self._is_to_fail(name):
            self._fail(is_write=True)
            return
        fault = self._fault
        if fault and fault.is_short and len(self._changes) == fault.call and len(data) > 1:
            tracee.shorten(2, len(data) // 2)
        written = tracee.finish_call()
        self._not_done += written in _NOT_COUNTED
        if written <= 0:
            return
        position, flags = tracee.position(descriptor)
        start = position - written
        if name in _AT_A_PLACE:
            if flags & os.O_APPEND:
                raise RecordError("a place was given for a write to a file opened to append")
            start = arguments[3]
        self._events.append(Wrote(node, start, data[:written]))

    def _data(self, name: str, arguments: tuple[int, ...]) -> bytes:
        tracee = self._tracee
        if name in {"write", "pwrite64"}:
            return tracee.read(arguments[1], arguments[2])
        vectors = tracee.read(arguments[1], _IOVEC_BYTES * arguments[2])
        words = memoryview(vectors).cast("Q").tolist()
        pairs = zip(words[::2], words[1::2], strict=True)
        return b"".join(tracee.read(base, length) for base, length in pairs)

    def _hear(self, said: object) -> None:
        match said:
            case ("site", str() as site):
                self._site = site
            case ("failed", str() as failure):
                self._failure = failure
            case _:
                self._events.append(Marked(said))

    def _open(self, name: str, arguments: tuple[int, ...]) -> None:
        tracee = self._tracee
        path = self._path(arguments, is_at=name == "openat")
        flags = os.O_CREAT | os.O_TRUNC if name == "creat" else arguments[_AT_FLAGS[name]]
        if flags & _TEMPORARY == _TEMPORARY:
            raise RecordError("there is no model of a file without a name")
        is_there = os.path.lexists(path)
        folder = self._place.serial(_folder(path))
        if folder is not None and self._is_to_fail(name):
            self._fail()
            return
        size = Path(path).stat().st_size if is_there and folder is not None else 0
        if tracee.finish_call() < 0 or (is_there and not flags & os.O_TRUNC):
            return
        folder = self._known(folder, f"{name} of {path}")
        if not is_there:
            node = self._place.adopt(path)
            self._events.append(Made(folder, _name(path), node, is_folder=False))
        elif size:
            self._events.append(Resized(self._known(self._place.serial(path), name), 0))

    def _sync(self, name: str, arguments: tuple[int, ...]) -> None:
        site, self._site = self._site, ""
        is_all = name in {"sync", "syncfs"}
        node = None if is_all else self._at(arguments[0])
        if node is None and not is_all:
            self._tracee.finish_call()  # nothing of ours
            return
        path = "" if is_all else Path(self._tracee.place(arguments[0])).readlink().name
        site = site_of(site, path)
        failed = self._is_to_fail(name) or self._is_site_to_fail(site)
        if failed:
            self._tracee.fail_call(self._fault.error if self._fault else errno.EIO)
        elif self._tracee.finish_call() < 0:
            failed = True
        self._events.append(Synced(node, name == "fdatasync", failed, site))

    def _resize(self, name: str, arguments: tuple[int, ...]) -> None:
        is_open = name == "ftruncate"
        path = self._tracee.place(arguments[0]) if is_open else self._path(arguments, is_at=False)
        node = self._known(self._place.serial(path), name)
        if self._is_to_fail(name):
            self._fail()
        elif self._tracee.finish_call() == 0:
            self._events.append(Resized(node, arguments[1]))

    def _change_names(self, name: str, arguments: tuple[int, ...]) -> None:
        is_at = "at" in name
        path = self._path(arguments, is_at=is_at)
        folder, new_path = self._place.serial(_folder(path)), ""
        if name.startswith("rename"):
            if name == "renameat2" and arguments[4]:
                raise RecordError("there is no model of a rename with flags")
            new_path = self._path(arguments[2:] if is_at else arguments[1:], is_at=is_at)
        if folder is not None and self._is_to_fail(name):
            self._fail()
            return
        if self._tracee.finish_call() < 0:
            return
        folder, last = self._known(folder, f"{name} of {path}"), _name(path)
        if new_path:
            new_folder = self._known(self._place.serial(_folder(new_path)), name)
            self._events.append(Renamed(folder, last, new_folder, _name(new_path)))
        elif name.startswith("mkdir"):
            self._events.append(Made(folder, last, self._place.adopt(path), is_folder=True))
        else:
            self._events.append(Removed(folder, last))

    def _path(self, arguments: tuple[int, ...], *, is_at: bool) -> str:
        base = self._tracee.place(arguments[0] if is_at else 0xFFFFFFFF)
        text = self._tracee.text(arguments[1 if is_at else 0])
        return text if text.startswith("/") else f"{base}/{text}"

    def _known(self, serial: int | None, what: str) -> int:
        if serial is None:
            raise RecordError(f"{what}: outside what is recorded")
        return serial


def _folder(path: str) -> str:
    """Give the folder of a path, as the kernel reads it: nothing is simplified."""
    return path.rpartition("/")[0] or "/"


def _name(path: str) -> str:
    return path.rpartition("/")[2]
