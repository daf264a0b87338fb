"""Several sockets on one address: the kernel sorts datagrams into them by what they look like.

Whoever floods a port fills a queue of the kernel and takes the core's time, one datagram after the
other. So signed requests wait in a queue of their own, HELLOs in another, LOGINs in a third, both
of networks that are known in a fourth, and all else in the fifth: a flood of one of them costs the
others neither their place nor their turn. The kernel looks at the length, six bytes
(docs/PROTOCOL.md, "Envelope") and the sender's network, in a classic BPF program that needs no
privilege (Linux 4.5, socket option SO_ATTACH_REUSEPORT_CBPF). Rules: nothing relies on it, for
other systems have one socket, and a datagram means the same whichever socket it came by; an
address can be forged, so being known gives a turn and no more.
"""

import ctypes
import socket
import struct
import sys
from collections.abc import Sequence
from enum import IntEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final, TypeAlias

from protocol.envelope import KIND_AT, MAX_DATAGRAM, MIN_DATAGRAM, Kind

IS_POSSIBLE: Final = sys.platform == "linux"

_SO_ATTACH_REUSEPORT_CBPF: Final = 51
"""Linux's <asm-generic/socket.h>; the socket module lacks the name."""

_INSTRUCTION: Final = struct.Struct("=HBBI")
_LOAD_LENGTH: Final = 0x80
_LOAD_FOUR_BYTES: Final = 0x20
_LOAD_TWO_BYTES: Final = 0x28
_LOAD_BYTE: Final = 0x30
_IF_EQUAL: Final = 0x15
_IF_LEAST: Final = 0x35
_IF_MORE: Final = 0x25
_AND: Final = 0x54
_RETURN: Final = 0x06
"""Of <linux/bpf_common.h>: a load, a jump that compares with a constant, a mask, the end."""

_NETWORK_HEADER: Final = 0xFFF0_0000
"""SKF_NET_OFF of <linux/filter.h>: behind it a load counts from the IP header."""

_IPV4_SENDER: Final = _NETWORK_HEADER + 12
_IPV6_SENDER: Final = _NETWORK_HEADER + 8
"""Where RFC 791 and RFC 8200 have the sender's address."""

_MOST_OF_FOUR_BYTES: Final = 0xFFFF_FF00
"""Of an IPv4 address the /24; of bytes 4 to 7 of an IPv6 address the rest of the /56."""

_ARRAY_AND_VERSION: Final = 0x9801
_KID_PREFIX_AT: Final = 4
_KID_PREFIX: Final = 0xC408

_WORDS: Final = {4: struct.Struct("!I"), 6: struct.Struct("!II")}
"""What is compared of an address: all of IPv4, of IPv6 the first half."""

Instruction: TypeAlias = tuple[int, int, int, int]
"""An operation, how many to skip if it is true and if it is false, and its constant."""


class Lane(IntEnum):
    """What the program gives: which of the sockets, in the order in which they were bound."""

    REQUESTS = 0
    OTHERS = 1
    HELLOS = 2
    LOGINS = 3
    KNOWN = 4


class _Program(ctypes.Structure):
    """`struct sock_fprog` of <linux/filter.h>."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


def steer(bound: socket.socket, known: Sequence[str] = ()) -> None:
    """Have the kernel choose between the sockets of the address of `bound`, which is one.

    `known` are networks, as `throttle.network_of` gives them; those of another family than the
    socket's are left out. What was chosen by before is replaced. Raise OSError if the kernel does
    not do that.
    """
    networks = [
        network
        for network in map(ip_network, known)
        if (network.version == 6) == (bound.family == socket.AF_INET6)  # noqa: PLR2004 - IPv6
    ]
    code = b"".join(_INSTRUCTION.pack(*instruction) for instruction in program(networks))
    instructions = ctypes.create_string_buffer(code, len(code))
    described = _Program(len(code) // _INSTRUCTION.size, ctypes.addressof(instructions))
    bound.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_REUSEPORT_CBPF, bytes(described))


def program(known: Sequence[IPv4Network | IPv6Network] = ()) -> list[Instruction]:
    """Give the instructions; `known` are of one family."""
    return [
        *_unless((_LOAD_LENGTH, 0), _IF_LEAST, MIN_DATAGRAM),
        (_IF_MORE, 0, 1, MAX_DATAGRAM),
        _end(Lane.OTHERS),
        *_unless((_LOAD_TWO_BYTES, 0), _IF_EQUAL, _ARRAY_AND_VERSION),
        *_unless((_LOAD_TWO_BYTES, _KID_PREFIX_AT), _IF_EQUAL, _KID_PREFIX),
        _load(_LOAD_BYTE, KIND_AT),
        *_when(_IF_EQUAL, Kind.REQUEST, Lane.REQUESTS),
        (_IF_EQUAL, 2, 0, Kind.HELLO),
        (_IF_EQUAL, 1, 0, Kind.LOGIN),
        _end(Lane.OTHERS),
        *_unless((_LOAD_LENGTH, 0), _IF_EQUAL, MAX_DATAGRAM),
        *_among(known),
        _load(_LOAD_BYTE, KIND_AT),
        *_when(_IF_EQUAL, Kind.HELLO, Lane.HELLOS),
        _end(Lane.LOGINS),
    ]


def _load(operation: int, place: int) -> Instruction:
    return operation, 0, 0, place


def _end(lane: Lane) -> Instruction:
    return _RETURN, 0, 0, lane


def _unless(load: tuple[int, int], compare: int, constant: int) -> list[Instruction]:
    return [_load(*load), (compare, 1, 0, constant), _end(Lane.OTHERS)]


def _when(compare: int, constant: int, lane: Lane) -> list[Instruction]:
    return [(compare, 0, 1, constant), _end(lane)]


def _among(known: Sequence[IPv4Network | IPv6Network]) -> list[Instruction]:
    """Give what ends with KNOWN if the sender is in one of the networks."""
    instructions: list[Instruction] = []
    for network in known:
        words = _WORDS[network.version].unpack_from(network.network_address.packed)
        if isinstance(network, IPv6Network):
            instructions += [
                _load(_LOAD_FOUR_BYTES, _IPV6_SENDER),
                (_IF_EQUAL, 0, 4, words[0]),
                _load(_LOAD_FOUR_BYTES, _IPV6_SENDER + 4),
                _load(_AND, _MOST_OF_FOUR_BYTES),
                *_when(_IF_EQUAL, words[1], Lane.KNOWN),
            ]
        elif instructions:
            instructions += _when(_IF_EQUAL, words[0], Lane.KNOWN)
        else:  # all of them are compared with what is loaded once
            instructions = [
                _load(_LOAD_FOUR_BYTES, _IPV4_SENDER),
                _load(_AND, _MOST_OF_FOUR_BYTES),
                *_when(_IF_EQUAL, words[0], Lane.KNOWN),
            ]
    return instructions
