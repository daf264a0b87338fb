"""`diaryclient write` as a whole process, by jrnl with the same text into a local file."""

import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.claims import Claim
from benchmarks.clienthome import home_of
from benchmarks.errors import BenchmarkError
from benchmarks.figures import Better, Figure, Sample, take_turns
from benchmarks.peers import jrnl
from benchmarks.processes import PATIENCE_SECONDS, cpu_seconds, on_core
from benchmarks.requests import TEXT
from benchmarks.workbench import Workbench
from tests.programs import BIN

COMMAND: Final = Claim(
    "`diaryclient write`, whole process on loopback, ms : jrnl, same text, local file",
    0.5,
    Better.LOWER,
)


def write_command(bench: Workbench) -> Iterator[Figure]:
    """Measure both in turn; without jrnl there is nothing to say."""
    try:
        program = jrnl.install(bench.kept / "jrnl")
    except BenchmarkError as error:
        bench.remarks["jrnl"] = f"`diaryclient write` : jrnl is left out: {error}"
        return
    town = bench.town
    home = home_of(bench.folder / "home", town, town.people[0])
    configuration = jrnl.configure(home.folder)
    write: list[str | Path] = [BIN / "diaryclient", "write", TEXT]
    compose: list[str | Path] = [program, "--config-file", configuration, TEXT]
    contenders = {
        "ours": partial(_timed, bench, write, home.env, town.pid),
        "jrnl": partial(_timed, bench, compose, home.env),
    }
    take_turns(contenders, 1)  # compiled bytecode is written, files come into memory
    taken = take_turns(contenders, bench.scale.commands)
    yield COMMAND.figure(bench.scale, taken["ours"], taken["jrnl"])


def _timed(
    bench: Workbench, words: Sequence[str | Path], env: Mapping[str, str], server: int | None = None
) -> Sample:
    used = cpu_seconds(server) if server else 0.0
    began = time.perf_counter()
    done = subprocess.run(
        on_core(bench.cores.load, words),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        # Who has installed a program has its bytecode too.
        env=os.environ | env | {"PYTHONDONTWRITEBYTECODE": ""},
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    milliseconds = 1e3 * (time.perf_counter() - began)
    if done.returncode:
        raise BenchmarkError(f"{words[0]} failed: {done.stderr.decode().strip()}")
    return Sample(milliseconds, 1e6 * (cpu_seconds(server) - used) if server else None)
