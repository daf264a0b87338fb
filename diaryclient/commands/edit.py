"""`diaryclient edit`: another text or star for an entry, from the editor, an option or a pipe.

Rules: a new text is a file of its own until the server has confirmed it, and every failure names
that file. Nothing is written if nothing changed, and nothing is removed without a question.
"""

import shlex

import click

from diaryclient.browsing.browsing import find_history
from diaryclient.commands.shared.completing import complete_entry
from diaryclient.commands.shared.confirming import confirm
from diaryclient.commands.shared.delivering import deliver_older
from diaryclient.commands.shared.progress import late_bar
from diaryclient.diary.fates import check_may_change, format_done, telling_fate
from diaryclient.diary.keeping import check_text
from diaryclient.diary.open_diary import OpenDiary
from diaryclient.entries.histories import EntryHistory
from diaryclient.errors import EditorError, NotKeptError
from diaryclient.files.disks import reason_of
from diaryclient.screen.display import format_quoted, short_id
from diaryclient.surroundings import Surroundings, has_terminal
from diaryclient.typed.editor import Draft, choose_editor, open_draft
from diaryclient.typed.standard_input import read_text
from protocol.errors import DiaryError, StaleError, UsageError
from protocol.incoming import incoming_text


@click.command("edit")
@click.argument("ending", metavar="ID", shell_complete=complete_entry)
@click.option("--text", metavar="TEXT", help="The new text; no editor is opened.")
@click.option("--star/--no-star", "star", default=None, help="Star it, or take its star away.")
@click.pass_obj
def command(
    surroundings: Surroundings, *, ending: str, text: str | None, star: bool | None
) -> None:
    """Change an entry's text or star; it keeps its time, and its earlier texts.

    ID is the end of its id, as `diaryclient read` prints it. A terminal opens $VISUAL or $EDITOR
    on the text; without a terminal standard input is the new text. With --star or --no-star alone
    the text stays as it is. The text is taken as it is typed: no time, no star in it.

    \b
      diaryclient edit 4fb39
      diaryclient edit 4fb39 --star
      diaryclient edit 4fb39 --text "Walked along the lake."

    If another device has changed the entry meanwhile both texts are shown, and nothing is written.
    `diaryclient undo` takes a change back, `diaryclient history` shows all texts.
    """  # noqa: D301 - click's mark is a real backspace
    login = surroundings.login()
    check_may_change(login)
    with surroundings.diary(login) as diary:
        if text is not None or (star is None and not has_terminal()):
            wanted = read_text(surroundings.drafts) if text is None else incoming_text(text)
            _amend_with(surroundings, diary, ending, wanted, star=star)
        elif star is not None:
            history = find_history(diary, ending)
            with telling_fate(history, "amended"):
                _amend(diary, history, history.current.text, star=star)
        else:
            _edit(surroundings, diary, ending)
        deliver_older(diary)


def _amend_with(
    surroundings: Surroundings, diary: OpenDiary, ending: str, text: str, *, star: bool | None
) -> None:
    _check_not_empty(text, ending)
    draft = _kept(surroundings, check_text(text))
    with draft.named_in_failures(_retry(ending, draft)):
        _amend_or_compare(diary, find_history(diary, ending), text, star=star)
    draft.discard()


def _kept(surroundings: Surroundings, text: str) -> Draft:
    """Put a text that somebody gave into a file, or print it back."""
    try:
        return Draft(surroundings.drafts, text)
    except OSError as error:
        click.echo(format_quoted(text), err=True)
        reason = reason_of(error, surroundings.drafts)
        raise NotKeptError(
            f"NOT CHANGED: {surroundings.drafts} cannot be written: {reason}; the text is printed "
            "above"
        ) from None


def _edit(surroundings: Surroundings, diary: OpenDiary, ending: str) -> None:
    editor = choose_editor(surroundings.environment)
    if editor is None:
        raise EditorError("no editor: set VISUAL or EDITOR, or give the text with --text")
    history = find_history(diary, ending)
    draft = open_draft(surroundings.drafts, history.current.text)
    with draft.named_if_interrupted():
        _take_edited(surroundings, diary, history, draft, editor)


def _take_edited(
    surroundings: Surroundings, diary: OpenDiary, history: EntryHistory, draft: Draft, editor: str
) -> None:
    text = draft.edit(editor, surroundings.environment)
    if text is None:
        draft.discard()
        _tell_unchanged(history)
    elif not text.strip():
        draft.discard()
        _remove_if_meant(diary, history)
    else:
        with draft.named_in_failures(_retry(short_id(history.id), draft)):
            _amend_or_compare(diary, history, check_text(text), star=None)
        draft.discard()


def _amend_or_compare(
    diary: OpenDiary, history: EntryHistory, text: str, *, star: bool | None
) -> None:
    with telling_fate(history, "amended"):
        try:
            _amend(diary, history, text, star=star)
        except StaleError:
            _show_both(diary, history, text)
            raise


def _amend(diary: OpenDiary, history: EntryHistory, text: str, *, star: bool | None) -> None:
    current = history.current
    wanted = current.starred if star is None else star
    if (text, wanted) == (current.text, current.starred):
        _tell_unchanged(history)
        return
    with late_bar(diary, "sending"):
        amended = diary.amend(history, text, star=wanted)
    click.echo(format_done(diary, "amended", amended))


def _show_both(diary: OpenDiary, history: EntryHistory, text: str) -> None:
    try:
        now = diary.history(history.day, history.id)
    except DiaryError:
        now = None  # the refusal is worth more than why its reason cannot be shown
    if now is None or now.is_removed:
        theirs = "it is not there any more"
    else:
        theirs = f"its text is now:\n{format_quoted(now.current.text)}"
    click.echo(f"{short_id(history.id)} was changed elsewhere; {theirs}", err=True)
    click.echo(f"your text:\n{format_quoted(text)}", err=True)


def _remove_if_meant(diary: OpenDiary, history: EntryHistory) -> None:
    name = short_id(history.id)
    if not confirm(f"The text is empty. Remove {name}? (diaryclient undo {name} brings it back)"):
        _tell_unchanged(history)
        return
    with telling_fate(history, "removed"):
        removed = diary.remove(history)
    click.echo(format_done(diary, "removed", removed))


def _tell_unchanged(history: EntryHistory) -> None:
    click.echo(f"unchanged {short_id(history.id)}; nothing was written", err=True)


def _check_not_empty(text: str, ending: str) -> None:
    if not text.strip():
        raise UsageError(
            f"the text is empty; nothing was changed; to remove the entry: diaryclient rm {ending}"
        )


def _retry(ending: str, draft: Draft) -> str:
    return f"to try again: diaryclient edit {ending} < {shlex.quote(str(draft.path))}"
