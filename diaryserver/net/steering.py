"""Two sockets on one address: the kernel gives signed requests to one, everything else to another.

Whoever floods a port fills a queue of the kernel and takes the core's time, one datagram after the
other. What has the shape of a request under a token waits in a queue of its own, so a flood of
anything else costs it neither its place nor its turn. The kernel looks at the length and six bytes
(docs/PROTOCOL.md, "Envelope"), in a classic BPF program that needs no privilege (Linux 4.5, socket
option SO_ATTACH_REUSEPORT_CBPF). Rules: nothing relies on it, for other systems have one socket,
and a datagram means the same whichever socket it came by.
"""

import ctypes
import socket
import struct
import sys
from typing import Final

from protocol.envelope import KIND_AT, MAX_DATAGRAM, MIN_DATAGRAM, Kind

IS_POSSIBLE: Final = sys.platform == "linux"

_SO_ATTACH_REUSEPORT_CBPF: Final = 51
"""Linux's <asm-generic/socket.h>; the socket module lacks the name."""

_INSTRUCTION: Final = struct.Struct("=HBBI")
_LOAD_LENGTH: Final = 0x80
_LOAD_TWO_BYTES: Final = 0x28
_LOAD_BYTE: Final = 0x30
_UNLESS_EQUAL: Final = 0x15
_UNLESS_LEAST: Final = 0x35
_UNLESS_MORE: Final = 0x25
_RETURN: Final = 0x06
"""Of <linux/bpf_common.h>: a load, or a jump that compares with a constant."""

_ARRAY_AND_VERSION: Final = 0x9801
_KID_PREFIX_AT: Final = 4
_KID_PREFIX: Final = 0xC408
REQUESTS, OTHERS = 0, 1
"""What the program gives: which of the sockets, in the order in which they were bound."""


class _Program(ctypes.Structure):
    """`struct sock_fprog` of <linux/filter.h>."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


def steer(bound: socket.socket) -> None:
    """Have the kernel choose between the two sockets of the address of `bound`, which is one.

    Raise OSError if it does not do that.
    """
    code = b"".join(_INSTRUCTION.pack(*instruction) for instruction in program())
    instructions = ctypes.create_string_buffer(code, len(code))
    described = _Program(len(code) // _INSTRUCTION.size, ctypes.addressof(instructions))
    bound.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_REUSEPORT_CBPF, bytes(described))


def program() -> list[tuple[int, int, int, int]]:
    """Give the instructions: operation, jumps if true and if false, and the constant."""
    checks = [
        (_LOAD_LENGTH, 0, _UNLESS_LEAST, MIN_DATAGRAM),
        (_LOAD_LENGTH, 0, _UNLESS_MORE, MAX_DATAGRAM),
        (_LOAD_TWO_BYTES, 0, _UNLESS_EQUAL, _ARRAY_AND_VERSION),
        (_LOAD_BYTE, KIND_AT, _UNLESS_EQUAL, Kind.REQUEST),
        (_LOAD_TWO_BYTES, _KID_PREFIX_AT, _UNLESS_EQUAL, _KID_PREFIX),
    ]
    instructions = []
    for number, (load, place, compare, constant) in enumerate(checks):
        behind = 2 * (len(checks) - number - 1)  # up to the last two, which return
        fits, fails = (behind + 1, 0) if compare == _UNLESS_MORE else (0, behind + 1)
        instructions += [(load, 0, 0, place), (compare, fits, fails, constant)]
    return [*instructions, (_RETURN, 0, 0, REQUESTS), (_RETURN, 0, 0, OTHERS)]
