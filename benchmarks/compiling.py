"""The programs in C, compiled when they are needed."""

import shutil
import subprocess
from pathlib import Path

from benchmarks.errors import BenchmarkError


def compile_program(source: Path, folder: Path) -> Path:
    """Compile one file into a folder and give the program; raise BenchmarkError if that fails."""
    compiler = shutil.which("cc")
    if compiler is None:
        raise BenchmarkError(
            "there is no C compiler; on Debian type: sudo apt install gcc libc6-dev"
        )
    program = folder / source.stem
    done = subprocess.run(
        [compiler, "-O2", "-std=c11", "-Wall", "-Wextra", "-Werror", "-o", program, source],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BenchmarkError(f"cc cannot compile {source.name}: {done.stderr}")
    return program
