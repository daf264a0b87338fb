"""jrnl from PyPI, in a virtual environment of its own: a diary in one local file, not synced."""

import subprocess
import sys
from pathlib import Path
from typing import Final

from benchmarks.errors import BenchmarkError

VERSION: Final = "4.6"
INSTALL_SECONDS: Final = 180.0
_CONFIGURATION: Final = """\
version: "{version}"
journals:
  default: {folder}/journal.txt
editor: ""
encrypt: false
colors: {{body: none, date: none, tags: none, title: none}}
default_hour: 9
default_minute: 0
highlight: true
indent_character: "|"
linewrap: 79
tagsymbols: "@"
template: false
timeformat: "%F %H:%M"
"""


def install(folder: Path) -> Path:
    """Give the program, installed into `folder` if it is not there; raise BenchmarkError."""
    program = folder / "bin" / "jrnl"
    done = folder / f"installed-{VERSION}"
    if not done.exists():
        # Our own pip installs into it: bringing another one along takes seconds.
        _run([sys.executable, "-m", "venv", "--clear", "--without-pip", folder])
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-qq"]
        _run([*pip, "--python", folder / "bin" / "python", "install", f"jrnl=={VERSION}"])
        done.touch()
    return program


def configure(folder: Path) -> Path:
    """Write a configuration for a journal in `folder`, so that jrnl asks for nothing."""
    path = folder / "jrnl.yaml"
    path.write_text(_CONFIGURATION.format(version=VERSION, folder=folder))
    (folder / "journal.txt").touch()
    return path


def _run(words: list[str | Path]) -> None:
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise BenchmarkError("installing jrnl took too long") from None
    if done.returncode:
        last = done.stderr.strip().rpartition("\n")[2]
        raise BenchmarkError(f"jrnl cannot be installed: {last}")
