"""The process `diaryclient`: from its start to its exit status.

Rules: who writes an entry waits for the interpreter more than for anything else, so it is spared
what a short life has no use for. Nothing may rely on `atexit`: what `main` opens it closes.
"""

import gc
import os
import sys
from contextlib import suppress
from typing import NoReturn


def run() -> NoReturn:
    """Run the command that was typed, and end the process with its exit status."""
    # Imports make nothing that is garbage; `diaryclient.cli` switches it on for what may run long.
    gc.disable()
    from diaryclient.cli import main  # noqa: PLC0415 - not before

    status = main()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):  # after a success all is written; after a failure that was told
            stream.flush()
    # No sys.exit, which takes apart, module by module, what the kernel frees anyway.
    os._exit(status)
