"""Runs a program on a disk that hangs: `python -m tests.integration.hanging_disk FILE PROGRAM ...`.

While FILE exists, its fdatasync calls neither succeed nor fail; they wait until FILE is gone, as
for a disk that is very busy, and with a FILE that stays for one that is dead. A seccomp filter
hands them to a supervisor, a process of its own.
"""

import ctypes
import os
import platform
import select
import socket
import struct
import sys
import time
from fcntl import ioctl
from pathlib import Path
from typing import Final

from tests.server.faults import filter_program

_SECCOMP: Final = {"x86_64": 317, "aarch64": 277}
_SET_MODE_FILTER: Final = 1
_NEW_LISTENER: Final = 1 << 3
_PR_SET_NO_NEW_PRIVILEGES: Final = 38
_ASK_SUPERVISOR: Final = 0x7FC00000

_RECEIVE: Final = 0xC0502100
_SEND: Final = 0xC0182101
_NOTIFICATION_BYTES: Final = 80
_GO_ON: Final = 1
"""Let the kernel do the call (`SECCOMP_USER_NOTIF_FLAG_CONTINUE`)."""


def main() -> None:
    """Install the filter and become the program; a child of it supervises."""
    blocking = Path(sys.argv[1])
    ours, theirs = socket.socketpair()
    if os.fork() == 0:
        theirs.close()
        _, [listener], _, _ = socket.recv_fds(ours, 1, 1)
        _supervise(listener, blocking)
        os._exit(0)
    listener = _install()
    socket.send_fds(theirs, [b"."], [listener])
    # Only the supervisor has it: it ends with the program.
    os.close(listener)
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 - a program of ours


def _install() -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    program = filter_program(("fdatasync",), _ASK_SUPERVISOR)
    call = _SECCOMP[platform.machine()]
    listener = libc.syscall(call, _SET_MODE_FILTER, _NEW_LISTENER, ctypes.byref(program))
    if listener < 0:
        sys.exit("this kernel has no seccomp supervisors")
    return int(listener)


def _supervise(listener: int, blocking: Path) -> None:
    """Let one call after the other go on when nothing blocks; end with the last supervised one."""
    poll = select.poll()
    poll.register(listener, select.POLLIN)
    while True:
        [(_, events)] = poll.poll()
        if not events & select.POLLIN:
            return
        notification = bytearray(_NOTIFICATION_BYTES)
        ioctl(listener, _RECEIVE, notification)
        (number,) = struct.unpack_from("=Q", notification)
        while blocking.exists() and not _is_over(poll):
            time.sleep(0.01)
        try:
            ioctl(listener, _SEND, bytearray(struct.pack("=QqiI", number, 0, 0, _GO_ON)))
        except FileNotFoundError:
            continue  # who called is gone


def _is_over(poll: select.poll) -> bool:
    return any(events & select.POLLHUP for _, events in poll.poll(0))


if __name__ == "__main__":
    main()
