"""The person's editor on a text of theirs, whatever happens to the editor.

Rules: the text is a private file of its own, from before the editor starts until the caller says
that it is safe elsewhere; every failure names that file. An editor that is still open when Ctrl-C
is pressed deals with it itself.
"""

import os
import shlex
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from diaryclient.errors import EditorError, InterruptedEditingError
from diaryclient.files.disks import reason_of, why_unwritable
from diaryclient.files.private_files import write_private
from protocol.errors import DiaryError
from protocol.incoming import incoming_text

_MOST_BYTES: Final = 1 << 20
"""As `diaryclient write` reads of standard input; four times the longest entry."""


def choose_editor(environment: Mapping[str, str]) -> str | None:
    """Give the command in VISUAL, else in EDITOR, else None."""
    return next((each for name in ("VISUAL", "EDITOR") if (each := environment.get(name))), None)


def keep_draft(folder: Path, data: bytes) -> Path:
    """Write a file of its own below `folder`, durably, and give its path; raise OSError."""
    path = folder / f"{os.urandom(4).hex()}.txt"
    write_private(path, data)
    return path


def open_draft(folder: Path, text: str = "", way_out: str = "nothing was changed") -> "Draft":
    """Give a text's file for an editor.

    Raise EditorError, which names the way out, where the disk would not take what is typed: an
    empty file often fits a full one, and who finds that out in the editor has typed already.
    """
    reason = why_unwritable(folder)
    if not reason:
        try:
            return Draft(folder, text)
        except OSError as error:
            reason = reason_of(error, folder)
    raise EditorError(f"{folder} takes no file for the editor: {reason}; {way_out}")


class Draft:
    """A text in a file of its own below `folder`, to be edited."""

    def __init__(self, folder: Path, text: str = "") -> None:
        """Write the file, durably, its last line ended as others; raise OSError."""
        self._content = f"{text}\n" if text else ""
        self.path = keep_draft(folder, self._content.encode())

    def edit(self, command: str, environment: Mapping[str, str]) -> str | None:
        """Open the file with an editor's command, and give the text, None if it did not change.

        Another form of line ends is no change, nor is a blank line more at the end. Raise
        EditorError if the editor fails or leaves no text; the file stays then.
        """
        self._run(command, environment)
        try:
            with self.path.open("rb") as file:
                data = file.read(_MOST_BYTES + 1)
        except OSError as error:
            raise EditorError(f"{self.path} cannot be read: {error.strerror}") from None
        if not data and (reason := why_unwritable(self.path.parent)):
            # It wanted to save, and could not; an empty text would mean that the entry shall go.
            self.discard()
            raise EditorError(
                f"the editor left no text, and {self.path.parent} cannot be written: {reason}; "
                "nothing was changed or written"
            )
        if len(data) > _MOST_BYTES:
            raise EditorError(f"the text has more than {_MOST_BYTES} bytes; it is in {self.path}")
        try:
            text = incoming_text(data.decode())
        except UnicodeDecodeError:
            raise EditorError(f"the text is not valid UTF-8; it is in {self.path}") from None
        before = incoming_text(self._content)
        return None if text in {before, f"{before}\n"} else text

    @contextmanager
    def named_in_failures(self, way_out: str = "") -> Iterator[None]:
        """Tell with every failure where the text is, and the way out; a Ctrl-C becomes one."""
        where = f"the text stays in {self.path}" + f"; {way_out}" * bool(way_out)
        try:
            yield
        except KeyboardInterrupt:
            raise InterruptedEditingError(f"interrupted; {where}") from None
        except DiaryError as error:
            error.args = (f"{error}; {where}",)
            raise

    @contextmanager
    def named_if_interrupted(self) -> Iterator[None]:
        """Tell with a Ctrl-C between two steps where the text is, if there is one."""
        try:
            yield
        except KeyboardInterrupt:
            if self._is_untouched() or not self.path.exists():
                self.discard()
                raise
            raise InterruptedEditingError(
                f"interrupted; the text stays in {self.path}; diaryclient outbox list shows "
                "whether it waits as well"
            ) from None

    def discard(self) -> None:
        """Remove the file: its text is safe elsewhere, or there is none."""
        with suppress(OSError):
            self.path.unlink(missing_ok=True)

    def _run(self, command: str, environment: Mapping[str, str]) -> None:
        from subprocess import Popen  # noqa: PLC0415 - only here

        try:
            words = shlex.split(command)
        except ValueError as error:
            raise self._failed(command, str(error)) from None
        # A handler, not "ignore", which the editor would inherit.
        before = signal.signal(signal.SIGINT, lambda *_: None)
        try:
            with Popen([*words, str(self.path)], env=dict(environment)) as editor:  # noqa: S603 - theirs
                status = editor.wait()
        except (OSError, IndexError) as error:
            reason = getattr(error, "strerror", None) or "it names no program"
            raise self._failed(command, reason) from None
        finally:
            signal.signal(signal.SIGINT, before)
        if status:
            what = f"signal {-status} ended it" if status < 0 else f"it ended with status {status}"
            raise self._failed(command, what)

    def _failed(self, command: str, reason: str) -> EditorError:
        if self._is_untouched():
            self.discard()
            return EditorError(f"the editor {command}: {reason}; nothing was changed or written")
        return EditorError(f"the editor {command}: {reason}; the text stays in {self.path}")

    def _is_untouched(self) -> bool:
        try:
            return self.path.read_bytes() == self._content.encode()
        except OSError:
            return False
