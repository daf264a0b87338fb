"""Runs a program on a disk that is dead: `python -m tests.integration.dead_disk PROGRAM ...`.

Its fdatasync calls neither succeed nor fail; they wait for ever, as for a disk that went away. A
seccomp filter hands them to a supervisor, and there is none who answers.
"""

import ctypes
import os
import platform
import sys
from typing import Final

from tests.server.faults import filter_program

_SECCOMP: Final = {"x86_64": 317, "aarch64": 277}
_SET_MODE_FILTER: Final = 1
_NEW_LISTENER: Final = 1 << 3
_PR_SET_NO_NEW_PRIVILEGES: Final = 38
_ASK_SUPERVISOR: Final = 0x7FC00000


def main() -> None:
    """Install the filter and become the program."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    program = filter_program(("fdatasync",), _ASK_SUPERVISOR)
    call = _SECCOMP[platform.machine()]
    listener = libc.syscall(call, _SET_MODE_FILTER, _NEW_LISTENER, ctypes.byref(program))
    if listener < 0:
        sys.exit("this kernel has no seccomp supervisors")
    # As long as somebody has it open, the calls wait; the program itself does, and knows nothing.
    os.set_inheritable(listener, True)  # noqa: FBT003 - the function takes it so
    os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606 - a program of ours


if __name__ == "__main__":
    main()
