"""What `diaryclient write` does; without click, which takes longer to import than this to run.

Rules: the text is on the disk before anything is sent, and where that is impossible it is printed
back, because what came through a pipe cannot be typed again; what was typed into an editor stays in
its file until then. Where the disk takes nothing, the person may want it sent without being kept,
and is told what that risks. Words and editor may say when it happened; standard input is taken as
it is. The answer is printed before older entries are sent.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from diaryclient.commands.shared.delivering import deliver_older
from diaryclient.diary.keeping import check_text, format_saved, keep, put, send_unkept
from diaryclient.diary.writer import Writer
from diaryclient.errors import (
    EditorError,
    InterruptedReadingError,
    NotKeptError,
    TextTooLongError,
)
from diaryclient.home.outbox import Entry
from diaryclient.screen.display import format_quoted, safe_line
from diaryclient.surroundings import Surroundings, has_terminal
from diaryclient.typed.composing import Composition, read_text, take_star
from protocol.errors import DiaryError
from protocol.incoming import incoming_text
from protocol.messages.writing import MAX_TEXT_BYTES
from protocol.stamp import Stamp

if TYPE_CHECKING:
    from diaryclient.typed.time_reader import TimeReader


class Wishes(NamedTuple):
    """What the options ask for: `at` in words, and whether the text may speak for itself.

    `keeps`: it is put into the outbox before it is sent.
    """

    at: str | None = None
    star: bool = False
    parses: bool = True
    quiet: bool = False
    keeps: bool = True

    def moment(self, reader: Callable[[], "TimeReader"]) -> Stamp | None:
        """Give the moment of --at, None without it; raise UsageError."""
        return None if self.at is None else reader().stamp(self.at, "--at")

    def composition(self, text: str, reader: Callable[[], "TimeReader"]) -> Composition:
        """Give what is to be written; raise UsageError."""
        moment = self.moment(reader)
        if not self.parses:
            return Composition(text, self.star, moment)
        if moment is None:
            read = read_text(text, reader)
            return read._replace(star=read.star or self.star)
        text, star = take_star(text)
        return Composition(text, star or self.star, moment)


def write(surroundings: Surroundings, words: Sequence[str], wishes: Wishes) -> None:
    """Write the words; without any, what an editor or else standard input gives."""
    if words:
        _write(surroundings, check_text(incoming_text(" ".join(words))), wishes)
    elif wishes.keeps and has_terminal() and (editor := _choose_editor(surroundings)):
        _write_in_editor(surroundings, editor, wishes)
    else:
        _write_input(surroundings, wishes._replace(parses=False))


def _write_input(surroundings: Surroundings, wishes: Wishes) -> None:
    from diaryclient.typed.standard_input import keeping_input, read_text  # noqa: PLC0415 - mostly there are words

    data = bytearray()
    with keeping_input(data, surroundings.drafts):
        _write(surroundings, check_text(read_text(surroundings.drafts, data)), wishes)


def _write(surroundings: Surroundings, text: str, wishes: Wishes) -> None:
    with ExitStack() as stack:
        with _giving_back(text):
            writer = stack.enter_context(surroundings.writer(surroundings.login()))
            reader = partial(surroundings.time_reader, writer)
            composition = wishes.composition(text, reader)
            entry = _keep_if_wished(writer, composition, wishes)
        if entry:
            _send(writer, entry, wishes)
        else:
            _send_unkept(writer, composition, wishes)


@contextmanager
def _giving_back(text: str) -> Iterator[None]:
    """Print a text with every failure before it is in the outbox."""
    try:
        yield
    except TextTooLongError:
        raise  # it is in the outbox
    except KeyboardInterrupt:
        _give_back(text)
        raise InterruptedReadingError(
            "interrupted; the text is printed above; diaryclient outbox list shows whether it waits"
        ) from None
    except NotKeptError as error:
        _give_back(text)
        raise NotKeptError(f"{error}; the text is printed above; {_WITHOUT}") from None
    except DiaryError:
        _give_back(text)
        raise


def _choose_editor(surroundings: Surroundings) -> str | None:
    from diaryclient.typed.editor import choose_editor  # noqa: PLC0415 - only at a terminal

    return choose_editor(surroundings.environment)


def _write_in_editor(surroundings: Surroundings, editor: str, wishes: Wishes) -> None:
    from diaryclient.typed.editor import open_draft  # noqa: PLC0415 - as above

    # Nobody types a text first, to be told then that there is no login or no such time.
    with surroundings.writer(surroundings.login()) as writer:
        reader = partial(surroundings.time_reader, writer)
        wishes.moment(reader)
        draft = open_draft(surroundings.drafts, way_out=_WITHOUT)
        with draft.named_if_interrupted():
            text = draft.edit(editor, surroundings.environment)
            if text is None or not text.strip():
                draft.discard()
                raise EditorError("the editor left no text; nothing was written")
            with draft.named_in_failures():
                entry = _keep(writer, wishes.composition(check_text(text), reader))
            draft.discard()
        _send(writer, entry, wishes)


def _keep(writer: Writer, composition: Composition) -> Entry:
    return keep(writer, composition.text, star=composition.star, at=composition.at)


def _keep_if_wished(writer: Writer, composition: Composition, wishes: Wishes) -> Entry | None:
    """Put it into the outbox; None if it is to be sent without, by an option or by an answer."""
    if not wishes.keeps:
        return None
    try:
        return _keep(writer, composition)
    except NotKeptError as error:
        if not has_terminal():
            raise
        from click import Abort  # noqa: PLC0415 - as above

        from diaryclient.commands.shared.confirming import confirm  # noqa: PLC0415 - hardly ever needed

        sys.stderr.write(f"diaryclient: {safe_line(str(error))}\n")
        try:
            is_wished = confirm(_QUESTION)
        except Abort:  # Ctrl-C or Ctrl-D: as at any other moment, the text is given back
            raise KeyboardInterrupt from None
        if not is_wished:
            raise
    return None


_RISK: Final = "if no answer comes, nobody knows whether it was saved, and nothing sends it again"
_QUESTION: Final = f"Send it without keeping it here? {_RISK.capitalize()}."
_WITHOUT: Final = f"to send it without keeping it: diaryclient write --no-keep; {_RISK}"


def _send_unkept(writer: Writer, composition: Composition, wishes: Wishes) -> None:
    try:
        stored = send_unkept(writer, composition.text, star=composition.star, at=composition.at)
    except DiaryError as error:
        _give_back(composition.text)
        error.args = (f"{error}; the text is printed above",)
        raise
    _tell_saved(writer, stored, wishes)


def _send(writer: Writer, entry: Entry, wishes: Wishes) -> None:
    with _bar(writer, entry):
        try:
            stored = put(writer, entry)
        except NotKeptError as error:
            _give_back(entry.text)
            raise NotKeptError(f"{error}; the text is printed above") from None
    _tell_saved(writer, stored, wishes)


def _tell_saved(writer: Writer, stored: Entry, wishes: Wishes) -> None:
    if not wishes.quiet:
        sys.stdout.write(f"{format_saved(writer, stored)}\n")
    deliver_older(writer, quiet=wishes.quiet)


def _bar(writer: Writer, entry: Entry) -> AbstractContextManager[object]:
    if len(entry.text.encode()) <= MAX_TEXT_BYTES:
        return nullcontext()
    from diaryclient.commands.shared.progress import late_bar  # noqa: PLC0415 - most texts are short

    return late_bar(writer, "sending")


def _give_back(text: str) -> None:
    sys.stderr.write(f"{format_quoted(text)}\n")
