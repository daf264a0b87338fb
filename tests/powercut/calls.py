"""Which system calls change files, by the number that each machine gives them, and their filter.

Rules: a call that changes files is either recorded or refused, never overlooked. What reads, and
what keeps nothing (locks, times of files), passes untouched.
"""

import ctypes
import os
import platform
import struct
from collections.abc import Iterator
from typing import Final, TypeAlias

_RECORDED: Final = {
    "x86_64": {
        "write": 1,
        "pwrite64": 18,
        "writev": 20,
        "pwritev": 296,
        "pwritev2": 328,
        "open": 2,
        "creat": 85,
        "openat": 257,
        "truncate": 76,
        "ftruncate": 77,
        "fsync": 74,
        "fdatasync": 75,
        "sync": 162,
        "syncfs": 306,
        "rename": 82,
        "renameat": 264,
        "renameat2": 316,
        "unlink": 87,
        "unlinkat": 263,
        "rmdir": 84,
        "mkdir": 83,
        "mkdirat": 258,
    },
    "aarch64": {
        "write": 64,
        "pwrite64": 68,
        "writev": 66,
        "pwritev": 70,
        "pwritev2": 287,
        "openat": 56,
        "truncate": 45,
        "ftruncate": 46,
        "fsync": 82,
        "fdatasync": 83,
        "sync": 81,
        "syncfs": 267,
        "renameat": 38,
        "renameat2": 276,
        "unlinkat": 35,
        "mkdirat": 34,
    },
}
_REFUSED: Final = {
    "x86_64": {
        "mmap": 9,
        "sendfile": 40,
        "link": 86,
        "symlink": 88,
        "chmod": 90,
        "fchmod": 91,
        "mknod": 133,
        "setxattr": 188,
        "io_submit": 209,
        "mknodat": 259,
        "linkat": 265,
        "symlinkat": 266,
        "fchmodat": 268,
        "splice": 275,
        "sync_file_range": 277,
        "fallocate": 285,
        "copy_file_range": 326,
        "io_uring_setup": 425,
        "openat2": 437,
        "fchmodat2": 452,
    },
    "aarch64": {
        "mmap": 222,
        "sendfile": 71,
        "fchmod": 52,
        "setxattr": 5,
        "io_submit": 2,
        "mknodat": 33,
        "linkat": 37,
        "symlinkat": 36,
        "fchmodat": 53,
        "splice": 76,
        "sync_file_range": 84,
        "fallocate": 47,
        "copy_file_range": 285,
        "io_uring_setup": 425,
        "openat2": 437,
        "fchmodat2": 452,
    },
}
_ONLY_IF: Final = {
    "open": (1, os.O_CREAT | os.O_TRUNC | 0o20000000),  # the last one is O_TMPFILE's own bit
    "openat": (2, os.O_CREAT | os.O_TRUNC | 0o20000000),
    "mmap": (3, 1),  # MAP_SHARED, and MAP_SHARED_VALIDATE, which has the bit too
}
"""Argument and bits: without any of the bits the call changes nothing."""

_PR_SET_SECCOMP: Final = 22
_PR_SET_NO_NEW_PRIVILEGES: Final = 38
_MODE_FILTER: Final = 2
_LOAD: Final = 0x20
_JUMP_IF_EQUAL: Final = 0x15
_JUMP_IF_ANY: Final = 0x45
_RETURN: Final = 0x06
_ALLOW: Final = 0x7FFF0000
_TRACE: Final = 0x7FF00000
_ARGUMENTS_AT: Final = 16
_WORD: Final = 8
_Step: TypeAlias = tuple[int, int, int, int]


class UnsupportedError(Exception):
    """Nothing can be recorded on such a machine or kernel."""


def recorded_calls() -> dict[int, str]:
    """Give the calls that are recorded, by number."""
    return {number: name for name, number in _of_machine(_RECORDED).items()}


def refused_calls() -> dict[int, str]:
    """Give the calls that make a run fail, by number: there is no model of what they do."""
    return {number: name for name, number in _of_machine(_REFUSED).items()}


def _of_machine(calls: dict[str, dict[str, int]]) -> dict[str, int]:
    found = calls.get(platform.machine())
    if found is None:
        raise UnsupportedError(f"no system call numbers for {platform.machine()}")
    return found


def stop_at_calls() -> None:
    """Let this thread, and what it starts, stop for its tracer at each of these calls, for ever."""
    numbers = {**recorded_calls(), **refused_calls()}
    steps = [step for number, name in numbers.items() for step in _steps(number, name)]
    whole = [*steps, (_RETURN, 0, 0, _ALLOW)]
    data = b"".join(struct.pack("=HBBI", *step) for step in whole)
    program = _Program(len(whole), data)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    if libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(program), 0, 0):
        raise UnsupportedError("this kernel has no seccomp filters")


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def _steps(number: int, name: str) -> Iterator[_Step]:
    yield (_LOAD, 0, 0, 0)
    if name not in _ONLY_IF:
        yield (_JUMP_IF_EQUAL, 0, 1, number)
    else:
        argument, bits = _ONLY_IF[name]
        yield (_JUMP_IF_EQUAL, 0, 3, number)
        yield (_LOAD, 0, 0, _ARGUMENTS_AT + _WORD * argument)
        yield (_JUMP_IF_ANY, 0, 1, bits)
    yield (_RETURN, 0, 0, _TRACE)
