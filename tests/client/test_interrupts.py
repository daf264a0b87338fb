"""Ctrl-C at any moment: exit status 130 in words, and no text is lost.

As processes, in which Ctrl-C is pressed at one line of Python out of hundreds of thousands, those
of imports included (`tests.client.interrupted`).
"""

import os
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pexpect
import pytest

from tests.client.loopback import Loopback
from tests.client.terminal import finish

TEXT: Final = "the text"
WAYS: Final = {
    "words": (["write", TEXT], ""),
    "options": (["write", "--star", TEXT], ""),
    "pipe": (["write"], TEXT),
    "lines": ([], f"{TEXT}\n"),
    "read": (["read"], ""),
}
"""Ways to type, and what comes through a pipe."""

MOMENTS: Final = 10
"""Of each way, a tenth of the whole run apart, others in each run of the test."""

LAST: Final = 3
"""Lines at the very end: all is done, and nothing is left that could tell of a Ctrl-C."""


class Scene:
    """The client in a home of its own, at whose moments Ctrl-C is pressed."""

    def __init__(self, loopback: Loopback, environment: dict[str, str], state: Path) -> None:
        self._loopback = loopback
        self._environment = environment
        self._state = state

    def run(self, words: Sequence[str], stdin: str, moment: int) -> tuple[int, str, str]:
        """Give exit status, standard output and standard error; moment 0 never comes."""
        done = subprocess.run(
            [sys.executable, "-m", "tests.client.interrupted", str(moment), self._count, *words],
            env=os.environ | self._environment,
            input=stdin.encode(),
            capture_output=True,
            timeout=60,
            check=False,
        )
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def at_terminal(self, *words: str, environment: dict[str, str], moment: int) -> pexpect.spawn:
        """Start the same at a terminal."""
        return pexpect.spawn(
            sys.executable,
            ["-m", "tests.client.interrupted", str(moment), str(self._count), *words],
            env=os.environ | environment,
            encoding="utf-8",
            timeout=60,
        )

    @property
    def has_drafts(self) -> bool:
        """Tell whether there is a draft."""
        return any(self._state.glob("drafts/*"))

    @property
    def lines(self) -> int:
        """How many lines the last run had."""
        return int(self._count.read_text())

    @property
    def _count(self) -> Path:
        return self._state / "count"

    def begin(self) -> None:
        """Forget what was kept."""
        self._loopback.fake.contents.clear()
        for path in self._kept():
            path.unlink()

    def has_text(self, err: str) -> bool:
        """Tell whether the text is on the server, in the outbox, in a draft or on the terminal."""
        stored = [put.text for put in self._loopback.fake.contents.values()]
        return TEXT in "\n".join([err, *stored, *(each.read_text() for each in self._kept())])

    def _kept(self) -> list[Path]:
        return [*self._state.glob("outbox/*/*.json"), *self._state.glob("drafts/*")]


@pytest.fixture
def scene(logged_in: Loopback, environment: dict[str, str], state: Path) -> Scene:
    """A client that is logged in."""
    return Scene(logged_in, environment, state)


@pytest.mark.parametrize("way", WAYS)
def test_ctrl_c_at_any_moment(scene: Scene, way: str) -> None:
    """From the first line of the process on, in every import."""
    words, stdin = WAYS[way]
    status, _, err = scene.run(words, stdin, 0)
    assert (status, "Traceback" in err) == (0, False)
    total = scene.lines
    spread = [
        random.randint(total * part // MOMENTS + 1, total * (part + 1) // MOMENTS)
        for part in range(MOMENTS)
    ]
    for moment in [2, 3, *spread, *range(total - LAST, total)]:
        scene.begin()
        status, out, err = scene.run(words, stdin, moment)
        told = f"{way} at line {moment} of {total}: {status} {out!r} {err!r}"
        # Another run may have fewer lines: then it was over before.
        assert status == 130 or (status == 0 and scene.lines < moment), told
        assert "Traceback" not in err, told
        assert "Exception ignored" not in err, told
        assert status == 0 or "interrupted" in err, told
        assert way == "read" or scene.has_text(err), told


PROMPT: Final = ">( |\x08)"
"""With the blank behind it, or with how the cursor comes there."""

EDITOR: Final = f'sh -c \'printf "{TEXT}" > "$0"\''


@pytest.mark.parametrize("part", range(MOMENTS))
def test_ctrl_c_at_any_moment_around_the_editor(
    scene: Scene, environment: dict[str, str], part: int
) -> None:
    """At a terminal: what the editor left is a draft, in the outbox or on the server."""
    given = environment | {"EDITOR": EDITOR}
    status, shown = finish(scene.at_terminal("write", environment=given, moment=0))
    assert (status, scene.has_text("")) == (0, True), shown
    scene.begin()
    total = scene.lines
    moment = random.randint(total * part // MOMENTS + 1, total * (part + 1) // MOMENTS)
    status, shown = finish(scene.at_terminal("write", environment=given, moment=moment))
    told = f"at line {moment} of {total}: {status} {shown}"
    assert status == 130 or (status == 0 and scene.lines < moment), told
    assert "Traceback" not in shown, told
    assert "interrupted" in shown, told
    # Before the editor there is no text, and it leaves no empty draft behind.
    assert scene.has_text("") or not scene.has_drafts, told


@pytest.mark.parametrize("part", range(MOMENTS))
def test_ctrl_c_at_any_moment_of_a_conversation(
    scene: Scene, environment: dict[str, str], part: int
) -> None:
    """While it starts it ends; later it drops a line, which the Up key brings back, and goes on."""
    given = environment | {"TERM": "xterm"}
    child = scene.at_terminal(environment=given, moment=0)
    child.expect(PROMPT)
    child.sendeof()
    assert finish(child)[0] == 0
    total = scene.lines
    moment = random.randint(total * part // MOMENTS + 1, total * (part + 1) // MOMENTS)
    child = scene.at_terminal(environment=given, moment=moment)
    if child.expect([PROMPT, pexpect.EOF]) == 0:
        child.sendeof()
    status, shown = finish(child)
    told = f"at line {moment} of {total}: {status} {shown}"
    assert status in {0, 130}, told
    assert "Traceback" not in shown, told
