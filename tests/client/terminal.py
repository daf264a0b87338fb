"""The client at a terminal, as a process."""

import os
import signal
import sys
from functools import partial

import pexpect


def terminal(*words: str, environment: dict[str, str]) -> pexpect.spawn:
    """Run the client at a terminal."""
    return pexpect.spawn(
        sys.executable,
        ["-m", "diaryclient", *words],
        env=os.environ | environment,
        encoding="utf-8",
        timeout=20,
        # A test run in the background ignores SIGINT, and its children would inherit that.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )


def finish(child: pexpect.spawn) -> tuple[int | None, str]:
    """Give the exit status and the last output."""
    child.expect(pexpect.EOF)
    child.close()
    return child.exitstatus, child.before
