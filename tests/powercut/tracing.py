"""ptrace(2) and what it takes: a stopped process's registers, memory and descriptors.

No root, no compiler and no package: the child asks for it, and its parent is allowed to.
"""

import ctypes
import os
import platform
import signal
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.powercut.calls import UnsupportedError

_TRACEME: Final = 0
_CONTINUE: Final = 7
_TO_NEXT_CALL: Final = 24
_SET_OPTIONS: Final = 0x4200
_GET_REGISTERS: Final = 0x4204
_SET_REGISTERS: Final = 0x4205
_OPTIONS: Final = 0x100000 | 0x80 | 0x40 | 0x08 | 0x04 | 0x02 | 0x01
"""Killed with its tracer; stops at filtered calls, at its exit, at clone, vfork and fork; and a
stop at a call is told from a signal."""

_PRSTATUS: Final = 1
_ARM_CALL_NUMBER: Final = 0x404
_EVERY_CHILD: Final = 0x40000000
EVENT_CALL: Final = 7
EVENT_EXIT: Final = 6
_CALL_STOP: Final = signal.SIGTRAP | 0x80
_MASK: Final = 2**64 - 1

_libc: Final = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.restype = ctypes.c_long
_libc.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)


class _Vector(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where in the registers a call's number, arguments and result are; `words` of 8 bytes."""

    words: int
    number: int
    arguments: tuple[int, ...]
    result: int


_LAYOUTS: Final = {
    "x86_64": _Layout(27, 15, (14, 13, 12, 7, 9, 8), 10),
    "aarch64": _Layout(34, 8, (0, 1, 2, 3, 4, 5), 0),
}


def be_traced() -> None:
    """Become the traced child of this process's parent, and wait for it."""
    _ptrace(_TRACEME, 0, 0, 0)
    os.kill(os.getpid(), signal.SIGSTOP)


def _ptrace(request: int, process: int, address: int, data: int) -> int:
    result = int(_libc.ptrace(request, process, address, data))
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"ptrace: {os.strerror(number)}")
    return result


class Tracee:
    """A traced process of one thread, which stands still whenever its methods return."""

    def __init__(self, process: int) -> None:
        """`process` is a child that calls `be_traced`; now it has stopped for the first time."""
        layout = _LAYOUTS.get(platform.machine())
        if layout is None:
            raise UnsupportedError(f"no registers known of {platform.machine()}")
        self.process = process
        self.status = 0
        self._layout = layout
        self._wait()
        if os.WIFEXITED(self.status):
            raise UnsupportedError("the process may not be traced")
        _ptrace(_SET_OPTIONS, process, 0, _OPTIONS)
        self._memory = os.open(f"/proc/{process}/mem", os.O_RDONLY)

    def close(self) -> None:
        """Forget it."""
        os.close(self._memory)

    def go_on(self) -> int:
        """Let it run until its next stop that matters; give which: 0 when it is gone."""
        pending = 0
        while True:
            _ptrace(_CONTINUE, self.process, 0, pending)
            self._wait()
            if os.WIFEXITED(self.status) or os.WIFSIGNALED(self.status):
                return 0
            event = self.status >> 16
            if event:
                return event
            pending = os.WSTOPSIG(self.status)

    def finish_call(self) -> int:
        """Let the call happen that it stands before; give its result, -errno for an error."""
        _ptrace(_TO_NEXT_CALL, self.process, 0, 0)
        self._wait()
        if not os.WIFSTOPPED(self.status) or os.WSTOPSIG(self.status) != _CALL_STOP:
            raise OSError("the traced process ended inside a call")
        return _signed(self._registers()[self._layout.result])

    def fail_call(self, error: int) -> None:
        """Let the call that it stands before not happen, but return this error."""
        if platform.machine() == "aarch64":
            self._set(_ARM_CALL_NUMBER, struct.pack("=i", -1))
        else:
            self._set_register(self._layout.number, -1)
        self.finish_call()
        self._set_register(self._layout.result, -error)

    def shorten(self, argument: int, length: int) -> None:
        """Let the call that it stands before be asked for this length, by that argument."""
        self._set_register(self._layout.arguments[argument], length)

    def call(self) -> tuple[int, tuple[int, ...]]:
        """Give number and arguments of the call that it stands before."""
        registers = self._registers()
        layout = self._layout
        return registers[layout.number], tuple(registers[each] for each in layout.arguments)

    def read(self, address: int, length: int) -> bytes:
        """Give bytes of its memory."""
        return os.pread(self._memory, length, address) if length else b""

    def text(self, address: int) -> str:
        """Give a string of its memory."""
        found = b""
        while b"\0" not in found:
            step = 256 - (address + len(found)) % 256  # never across a page that is not there
            found += self.read(address + len(found), step)
        return os.fsdecode(found.partition(b"\0")[0])

    def place(self, descriptor: int) -> str:
        """Give a path that leads to what it has open; "cwd" is the folder it stands in."""
        name = "cwd" if _as_int(descriptor) < 0 else f"fd/{_as_int(descriptor)}"
        return f"/proc/{self.process}/{name}"

    def position(self, descriptor: int) -> tuple[int, int]:
        """Give position and flags of an open file."""
        lines = Path(f"/proc/{self.process}/fdinfo/{_as_int(descriptor)}").read_text().split("\n")
        values = dict(line.split(":", 1) for line in lines if ":" in line)
        return int(values["pos"]), int(values["flags"], 8)

    def writes(self) -> int:
        """Give how many calls the kernel counted that write, in all its life."""
        lines = Path(f"/proc/{self.process}/io").read_text().split("\n")
        return int(dict(line.split(": ") for line in lines if line)["syscw"])

    def _registers(self) -> list[int]:
        size = 8 * self._layout.words
        buffer = ctypes.create_string_buffer(size)
        vector = _Vector(ctypes.addressof(buffer), size)
        _ptrace(_GET_REGISTERS, self.process, _PRSTATUS, ctypes.addressof(vector))
        return list(struct.unpack(f"={self._layout.words}Q", buffer.raw))

    def _set_register(self, index: int, value: int) -> None:
        registers = self._registers()
        registers[index] = value & _MASK
        self._set(_PRSTATUS, struct.pack(f"={len(registers)}Q", *registers))

    def _set(self, kind: int, data: bytes) -> None:
        buffer = ctypes.create_string_buffer(data, len(data))
        vector = _Vector(ctypes.addressof(buffer), len(data))
        _ptrace(_SET_REGISTERS, self.process, kind, ctypes.addressof(vector))

    def _wait(self) -> None:
        _, self.status = os.waitpid(self.process, _EVERY_CHILD)


def _signed(word: int) -> int:
    return word - 2**64 if word >= 2**63 else word


def _as_int(word: int) -> int:
    """Give a C int out of a register."""
    low = word & 0xFFFFFFFF
    return low - 2**32 if low >= 2**31 else low
