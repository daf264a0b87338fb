"""A disk that fails, for real: system calls that return an error in one thread, and no other.

The kernel itself refuses them (a seccomp filter on a thread of its own), so what runs is the
program as it is, and the next call from any other thread finds a disk that works again.
"""

import ctypes
import errno
import os
import platform
import resource
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeAlias, TypeVar

import pytest

BY_SQLITE: Final = ("pwrite64",)
"""What SQLite writes with, and nothing else of the server."""

SYNCS: Final = ("fsync", "fdatasync", "syncfs")
_NUMBERS: Final = {
    "x86_64": {
        "write": 1,
        "pwrite64": 18,
        "fsync": 74,
        "fdatasync": 75,
        "ftruncate": 77,
        "renameat": 264,
        "unlinkat": 263,
        "openat": 257,
        "syncfs": 306,
        "flock": 73,
        "getdents64": 217,
    },
    "aarch64": {
        "write": 64,
        "pwrite64": 68,
        "fsync": 82,
        "fdatasync": 83,
        "ftruncate": 46,
        "renameat": 38,
        "unlinkat": 35,
        "openat": 56,
        "syncfs": 267,
        "flock": 32,
        "getdents64": 61,
    },
}
_PR_SET_SECCOMP: Final = 22
_PR_SET_NO_NEW_PRIVILEGES: Final = 38
_MODE_FILTER: Final = 2
_LOAD_NUMBER: Final = (0x20, 0, 0, 0)
_LOAD_FLAGS: Final = (0x20, 0, 0, 32)
_AND_ACCESS_MODE: Final = (0x54, 0, 0, os.O_ACCMODE)
_JUMP_IF_EQUAL: Final = 0x15
_RETURN: Final = 0x06
_ALLOW: Final = 0x7FFF0000
_FAIL: Final = 0x00050000
_T = TypeVar("_T")
_Step: TypeAlias = tuple[int, int, int, int]


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def with_failing(calls: tuple[str, ...], function: Callable[[], _T], error: int = errno.EIO) -> _T:
    """Call `function` in a thread in which these system calls fail with `error`."""
    return _with_filter(filter_program(calls, _FAIL | error), function)


def with_read_only_disk(function: Callable[[], _T]) -> _T:
    """Call `function` in a thread that can open files for reading only, and whose syncs succeed."""
    steps = [
        _LOAD_NUMBER,
        (_JUMP_IF_EQUAL, 0, 4, _number("openat")),
        _LOAD_FLAGS,
        _AND_ACCESS_MODE,
        (_JUMP_IF_EQUAL, 1, 0, os.O_RDONLY),
        (_RETURN, 0, 0, _FAIL | errno.EROFS),
    ]
    return _with_filter(_program(steps), function)


def filter_program(calls: tuple[str, ...], action: int) -> ctypes.Structure:
    """Give a filter that lets everything pass but these calls, which meet `action`."""
    steps: list[_Step] = [_LOAD_NUMBER]
    for call in calls:
        steps += [(_JUMP_IF_EQUAL, 0, 1, _number(call)), (_RETURN, 0, 0, action)]
    return _program(steps)


def _program(steps: list[_Step]) -> ctypes.Structure:
    whole = [*steps, (_RETURN, 0, 0, _ALLOW)]
    return _Program(len(whole), b"".join(struct.pack("=HBBI", *step) for step in whole))


def _with_filter(program: ctypes.Structure, function: Callable[[], _T]) -> _T:
    results: list[_T] = []
    failures: list[BaseException] = []

    def run() -> None:
        try:
            _install(program)
            results.append(function())
        except BaseException as failure:  # noqa: BLE001 - handed on to the caller, all of it
            failures.append(failure)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]
    return results[0]


def _number(call: str) -> int:
    numbers = _NUMBERS.get(platform.machine())
    if numbers is None:
        pytest.skip(f"no system call numbers for {platform.machine()}")
    return numbers[call]


def _install(program: ctypes.Structure) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    if libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(program), 0, 0):
        pytest.skip("this kernel has no seccomp filters")


@contextmanager
def disk_full_at(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond `size` bytes: what fits is written, then EFBIG."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
