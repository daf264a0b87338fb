"""What the generator itself can do: measured in every run, so that nobody has to believe it."""

import os
from pathlib import Path
from typing import Final

from benchmarks.compiling import compile_program
from benchmarks.generator import Generator, Load, Loop, write_datagrams
from benchmarks.processes import running, wait_for

_ECHO: Final = Path(__file__).with_name("peers") / "echo.c"
_LIFE_SECONDS: Final = 600
_DATAGRAM_BYTES: Final = 217
"""As a signed entry of 85 bytes of text."""

_WINDOW: Final = 256


def calibrate(generator: Generator, folder: Path, core: int, number: int) -> Load:
    """Load an echo in C, on the core of what is measured, with so many datagrams."""
    path, log = folder / "calibration", folder / "echo.c.out"
    write_datagrams(path, [os.urandom(_DATAGRAM_BYTES) for _ in range(number)])
    program = compile_program(_ECHO, folder)
    with running([program, str(_LIFE_SECONDS)], core, log) as process:
        port = int(wait_for(log, r"ready (\d+)\n", process)[1])
        return generator.closed(path, port, Loop(_WINDOW))
