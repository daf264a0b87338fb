"""The process `diaryclient`: from its start to its exit status.

Rules: who writes an entry waits for the interpreter more than for anything else, so it is spared
what a short life has no use for. Nothing may rely on `atexit`: what `main` opens it closes. From
the first line of `run` on Ctrl-C ends in words and exit status 130, wherever it strikes.
"""

import gc
import os
import sys
from typing import TYPE_CHECKING, Final, NoReturn

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

_INTERRUPTED: Final = 130


def run() -> NoReturn:
    """Run the command that was typed, and end the process with its exit status."""
    try:
        # Imports make nothing that is garbage; `diaryclient.cli` switches it on for what may run
        # long.
        gc.disable()
        sys.unraisablehook = _raise_again
        # No sys.exit, which takes apart, module by module, what the kernel frees anyway.
        os._exit(_run())
    except KeyboardInterrupt:
        _tell_of_interrupt()
    os._exit(_INTERRUPTED)


def _run() -> int:
    from diaryclient.screen.streams import end_streams, open_streams  # noqa: PLC0415 - not before

    open_streams()
    from diaryclient.cli import main  # noqa: PLC0415 - as above

    return end_streams(main())


def _tell_of_interrupt() -> None:
    """Say of Ctrl-C what `main` could not say: it did not run yet, or was saying it already."""
    from signal import SIG_IGN, SIGINT, signal  # noqa: PLC0415 - hardly ever needed

    signal(SIGINT, SIG_IGN)
    from diaryclient.interrupts import told_of_interrupt  # noqa: PLC0415 - as above
    from diaryclient.screen.streams import end_streams, open_streams  # noqa: PLC0415 - as above

    open_streams()
    for line in told_of_interrupt(sys.argv[1:]):
        sys.stderr.write(f"{line}\n")
    end_streams(0)


def _raise_again(ignored: "UnraisableHookArgs") -> None:
    """Let a Ctrl-C that struck where nothing can be raised, as in a finaliser, strike again."""
    if issubclass(ignored.exc_type, KeyboardInterrupt):
        from _thread import interrupt_main, start_new_thread  # noqa: PLC0415 - hardly ever needed

        start_new_thread(interrupt_main, ())  # from another thread, so that this one returns first
    else:
        sys.__unraisablehook__(ignored)
