"""`diaryclient write`: one entry from the words typed, from an editor, or from standard input.

Rules: the text is on the disk before anything is sent, and where that is impossible it is printed
back, because what came through a pipe cannot be typed again; what was typed into an editor stays in
its file until then. Words and editor may say when it happened; standard input is taken as it is.
The answer is printed before older entries are sent.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace

import click

from diaryclient.commands.delivering import deliver_older
from diaryclient.commands.surroundings import Surroundings, has_terminal
from diaryclient.composing import Composition, read_text, stamp_of_words, take_star, wall
from diaryclient.diary import Diary
from diaryclient.display import format_quoted
from diaryclient.errors import (
    EditorError,
    InterruptedReadingError,
    NotKeptError,
    TextTooLongError,
)
from diaryclient.keeping import check_text, format_saved, keep, put
from diaryclient.outbox import Entry
from protocol.dayfile import Stamp
from protocol.errors import DiaryError
from protocol.messages import MAX_TEXT_BYTES


@dataclass(frozen=True, slots=True)
class _Wishes:
    """What the options ask for: `at` in words, and whether the text may speak for itself."""

    at: str | None
    star: bool
    parses: bool
    quiet: bool

    def moment(self, diary: Diary) -> Stamp | None:
        """Give the moment of --at, None without it; raise UsageError."""
        if self.at is None:
            return None
        from diaryclient.dates import parse_moment  # noqa: PLC0415 - most entries are of now

        now = diary.now()
        return stamp_of_words(parse_moment(self.at, "--at", wall(now)), now, diary.offset_at)

    def composition(self, text: str, diary: Diary) -> Composition:
        """Give what is to be written; raise UsageError."""
        moment = self.moment(diary)
        if not self.parses:
            return Composition(text, self.star, moment)
        if moment is None:
            read = read_text(text, diary.now(), diary.offset_at)
        else:
            read = Composition(*take_star(text), moment)
        return replace(read, star=read.star or self.star)


@click.command("write", context_settings={"allow_interspersed_args": False})
@click.option("--at", metavar="WHEN", help="When it happened, if not now.")
@click.option("--star", is_flag=True, help="Star it.")
@click.option("--no-parse", is_flag=True, help="Take the text as it is: no time, no star in it.")
@click.option("--tz", metavar="ZONE", help="Your time zone, if not this machine's.")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing on success.")
@click.argument("words", metavar="[TEXT]...", nargs=-1, type=click.UNPROCESSED)
@click.pass_obj
def command(  # noqa: PLR0913 - one for each option
    surroundings: Surroundings,
    *,
    words: tuple[str, ...],
    at: str | None,
    star: bool,
    no_parse: bool,
    tz: str | None,
    quiet: bool,
) -> None:
    """Write an entry.

    The words are joined with one space; options come before them, and `--` ends the options.
    Without words, a terminal opens $VISUAL or $EDITOR, and a pipe's content is the text as it is.
    If the server cannot be reached the entry waits in the outbox and is sent with the next command
    that reaches it.

    \b
      diaryclient write "Walked along the river. @outside"
      diaryclient write "yesterday at 3pm: Met Bob."
      diaryclient write --at "3 days ago" --star Concert
      df -h | diaryclient write --quiet

    What stands before the first colon is a time only if all of it is one: an ISO date or time,
    today, yesterday, a weekday, `at 15:00`, `3pm`, 今天, 昨天, 前天, 周三, 下午3点. A single `*` at
    the end of the title, which is the first sentence or line, stars the entry.
    """  # noqa: D301 - click's mark is a real backspace
    surroundings = surroundings.in_zone(tz)
    wishes = _Wishes(at, star, not no_parse, quiet)
    if words:
        _write(surroundings, check_text(" ".join(words)), wishes)
    elif has_terminal() and (editor := _choose_editor(surroundings)):
        _write_in_editor(surroundings, editor, wishes)
    else:
        _write(surroundings, check_text(_read_input(surroundings)), replace(wishes, parses=False))


def _write(surroundings: Surroundings, text: str, wishes: _Wishes) -> None:
    with ExitStack() as stack:
        with _giving_back(text):
            diary = stack.enter_context(surroundings.diary(surroundings.login()))
            entry = _keep(diary, wishes.composition(text, diary))
        _send(diary, entry, wishes)


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
        raise NotKeptError(f"{error}; the text is printed above") from None
    except DiaryError:
        _give_back(text)
        raise


def _choose_editor(surroundings: Surroundings) -> str | None:
    from diaryclient.editor import choose_editor  # noqa: PLC0415 - only at a terminal

    return choose_editor(surroundings.environment)


def _write_in_editor(surroundings: Surroundings, editor: str, wishes: _Wishes) -> None:
    from diaryclient.editor import Draft  # noqa: PLC0415 - as above

    # Nobody types a text first, to be told then that there is no login or no such time.
    with surroundings.diary(surroundings.login()) as diary:
        wishes.moment(diary)
        draft = Draft(surroundings.drafts)
        text = draft.edit(editor, surroundings.environment)
        if text is None or not text.strip():
            draft.discard()
            raise EditorError("the editor left no text; nothing was written")
        with draft.named_in_failures():
            entry = _keep(diary, wishes.composition(check_text(text), diary))
        draft.discard()
        _send(diary, entry, wishes)


def _keep(diary: Diary, composition: Composition) -> Entry:
    return keep(diary, composition.text, star=composition.star, at=composition.at)


def _send(diary: Diary, entry: Entry, wishes: _Wishes) -> None:
    with _bar(diary, entry):
        stored = put(diary, entry)
    if not wishes.quiet:
        click.echo(format_saved(diary, stored))
    deliver_older(diary, quiet=wishes.quiet)


def _bar(diary: Diary, entry: Entry) -> AbstractContextManager[object]:
    if len(entry.text.encode()) <= MAX_TEXT_BYTES:
        return nullcontext()
    from diaryclient.commands.progress import late_bar  # noqa: PLC0415 - most texts are short

    return late_bar(diary, "sending")


def _read_input(surroundings: Surroundings) -> str:
    from diaryclient.standard_input import read_text as read  # noqa: PLC0415 - mostly there are words

    return read(surroundings.drafts)


def _give_back(text: str) -> None:
    click.echo(format_quoted(text), err=True)
