"""`write` as it is typed: when an entry happened, its star, its zone, and the editor."""

from pathlib import Path

import pytest

from diaryclient.errors import EditorError
from diaryclient.typed.editor import Draft, choose_editor
from protocol.messages.writing import Put
from protocol.stamp import Stamp
from tests.client.loopback import Loopback, Run

HOUR = 3_600_000


def stored(loopback: Loopback) -> Put:
    """Give the entry that was stored last."""
    return list(loopback.fake.contents.values())[-1]


def wall(put: Put) -> str:
    """Give its time by the writer's wall clock."""
    return Stamp(put.at, put.off).wall.isoformat(" ", "minutes")


def test_words_may_say_when_it_happened(run: Run, logged_in: Loopback) -> None:
    """And the answer tells it back."""
    status, out, err = run("write", "2026-01-02 15:04:", "Met", "Bob.", "*", TZ="UTC")
    assert (status, err) == (0, "")
    assert " 2026-01-02 15:04 " in out
    put = stored(logged_in)
    assert (put.text, put.star) == ("Met Bob.", True)
    assert wall(put).startswith("2026-01-02 15:04")


@pytest.mark.parametrize(
    ("words", "text", "star"),
    [
        (["Note: buy milk"], "Note: buy milk", False),
        (["--no-parse", "yesterday: x *"], "yesterday: x *", False),
        (["--star", "x"], "x", True),
        (["--no-parse", "--star", "x"], "x", True),
        (["--at", "2026-01-02", "today: x"], "today: x", False),
    ],
)
def test_the_text_is_taken_as_it_is_meant(
    run: Run, logged_in: Loopback, words: list[str], text: str, *, star: bool
) -> None:
    """Words that are no time, or are not to be read, stay."""
    assert run("write", "-q", *words) == (0, "", "")
    assert (stored(logged_in).text, stored(logged_in).star) == (text, star)


def test_line_ends_and_a_mark_hide_neither_star_nor_time(run: Run, logged_in: Loopback) -> None:
    """As other systems' editors and clipboards leave them."""
    run("write", "-q", "\ufeff2026-01-02 15:04: Starred title *\r\nbody\r\n", TZ="UTC")
    assert (stored(logged_in).text, stored(logged_in).star) == ("Starred title\nbody", True)
    assert wall(stored(logged_in)).startswith("2026-01-02 15:04")
    _, out, _ = run("export", "--format", "jrnl", TZ="UTC")
    assert out == "[2026-01-02 15:04] Starred title *\nbody\n"


def test_standard_input_is_taken_as_it_is(run: Run, logged_in: Loopback) -> None:
    """What a program writes is not guessed at; options may say more."""
    run("write", "-q", stdin=b"yesterday: x *\n")
    assert (stored(logged_in).text, stored(logged_in).star) == ("yesterday: x *", False)
    run("write", "-q", "--at", "2026-01-02 03:04", "--star", stdin=b"x\n")
    assert stored(logged_in).star
    assert wall(stored(logged_in)).startswith("2026-01-02 03:04")


@pytest.mark.parametrize(
    ("zone", "variables", "config"),
    [
        (["--tz", "Asia/Kolkata"], {"DIARY_TIMEZONE": "UTC"}, "UTC"),
        ([], {"DIARY_TIMEZONE": "Asia/Kolkata"}, "UTC"),
        ([], {}, "Asia/Kolkata"),
    ],
)
def test_a_zone_is_an_option_a_variable_or_a_setting(
    run: Run,
    logged_in: Loopback,
    tmp_path: Path,
    zone: list[str],
    variables: dict[str, str],
    config: str,
) -> None:
    """In this order; the wall clock of that zone is the entry's."""
    folder = tmp_path / "config" / "diaryclient"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(f'timezone = "{config}"\n')
    run("write", "-q", *zone, "--", "2026-01-02 15:04: there", **variables)
    assert wall(stored(logged_in)) == "2026-01-02 15:04+05:30"
    run("write", "-q", *zone, "now", **variables)
    assert stored(logged_in).off == 330
    status, out, _ = run("read", *zone, "--short", **variables)
    assert status == 0
    assert out.endswith(" now\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--at", "sometime soon-ish", "x"], "--at: these words name no time that is known"),
        (["--at", "", "x"], "--at: these words name no time"),
        (["--at", "tomorrow", "x"], "is in the future"),
        (["--at", "9999-01-01", "x"], "is in the future"),
        (["--at", "9999-12-31", "x"], "the years of a diary are 1 to 9999"),
        (["--at", "0001-01-01", "x"], "the years of a diary are 1 to 9999"),
        (["0001-01-01: x"], "the years of a diary are 1 to 9999"),
        (["9000-01-01: x"], "--no-parse takes the words as they are"),
        (["--tz", "Mars/Olympus", "x"], "--tz: there is no time zone 'Mars/Olympus'"),
    ],
)
def test_a_time_that_no_entry_can_have_is_exit_2(
    run: Run, logged_in: Loopback, state: Path, words: list[str], message: str
) -> None:
    """The text is given back, nothing is kept or sent."""
    status, out, err = run("write", *words)
    assert (status, out) == (2, "")
    assert message in err
    assert err.startswith("| ")
    assert logged_in.fake.kinds == []
    assert not (state / "outbox").exists()


def test_a_named_time_is_not_corrected_with_the_clock(run: Run, logged_in: Loopback) -> None:
    """A clock that is wrong by an hour moves entries of now, not those of a time that was named."""
    logged_in.fake.ahead = HOUR
    run("write", "-q", "2026-01-02 15:04: then", TZ="UTC")
    assert stored(logged_in).at % HOUR == 4 * 60_000


@pytest.mark.parametrize(
    ("words", "days"),
    [("3 days ago", 3), ("vor 2 Tagen", 2), ("hace 4 días", 4), ("yesterday at 3pm", 1)],
)
def test_at_takes_words_of_many_languages(
    run: Run, logged_in: Loopback, words: str, days: int
) -> None:
    """Counted from now."""
    run("write", "-q", "--at", words, "x", TZ="UTC")
    now = Stamp(logged_in.clock.instant().wall, 0).wall.date()
    assert (now - Stamp(stored(logged_in).at, stored(logged_in).off).wall.date()).days == days


@pytest.mark.parametrize(
    ("words", "at"),
    [
        ("09.06.2013", "2013-06-09 09:00"),
        ("13.06.2013", "2013-06-13 09:00"),
        ("9.6.2013 15:04", "2013-06-09 15:04"),
        ("2013-06-09", "2013-06-09 09:00"),
        ("9 june 2013", "2013-06-09 09:00"),
        ("9. Juni 2013 um 8 Uhr abends", "2013-06-09 20:00"),
        ("2013年6月9日", "2013-06-09 09:00"),
    ],
)
def test_a_date_means_its_day_and_without_a_time_nine_o_clock(
    run: Run, logged_in: Loopback, words: str, at: str
) -> None:
    """However it is written."""
    assert run("write", "-q", "--at", words, "x", TZ="UTC") == (0, "", "")
    assert wall(stored(logged_in)) == f"{at}+00:00"
    assert run("write", "-q", "yesterday: x", TZ="UTC") == (0, "", "")
    assert " 09:00" in wall(stored(logged_in))
    assert run("write", "-q", "--at", "3 days ago", "x", TZ="UTC") == (0, "", "")
    assert " 09:00" in wall(stored(logged_in))


@pytest.mark.parametrize(
    "words",
    [
        # no time of the day
        *("yesterday at 25:00", "yesterday at 8:75", "yesterday 8.30", "yesterday 13pm"),
        *("3 days ago at 25:00", "gestern um 25 Uhr", "2013-13-01", "31.04.2020"),
        # parts of a date
        *("a", "99", "1st", "20.12", "13.01.", "2 ago", "friday and"),
        # several days
        *("2020", "2020-12", "may", "Q1 2020", "last week"),
        # two readings
        *("05/03/2020", "mar"),
    ],
)
def test_what_is_no_moment_is_refused(run: Run, logged_in: Loopback, words: str) -> None:
    """Nothing is taken instead; the text is given back."""
    status, out, err = run("write", "--at", words, "my text")
    assert (status, out) == (2, "")
    assert err.startswith("| my text\ndiaryclient: --at: ")
    assert logged_in.fake.kinds == []


def test_a_time_that_is_still_to_come_asks_for_the_day(run: Run, logged_in: Loopback) -> None:
    """At three in the morning nobody knows which 8pm is meant; with its day it is taken."""
    hour = Stamp(logged_in.clock.wall, 0).wall.hour
    east = (3 - hour + 12) % 24 - 12
    zone = f"Etc/GMT{-east:+}"
    status, out, err = run("write", "--tz", zone, "--", "8pm: dinner")
    assert (status, out) == (2, "")
    before = Stamp(logged_in.clock.wall - 24 * HOUR, east * 60).day
    assert f"8pm is still to come today; name the day, as in {before} 20:00; --no-parse" in err
    assert run("write", "-q", "--tz", zone, "--", f"{before} 20:00: dinner") == (0, "", "")
    assert wall(stored(logged_in))[:16] == f"{before} 20:00"
    assert stored(logged_in).text == "dinner"


def test_slashes_are_read_as_the_settings_say(
    run: Run, logged_in: Loopback, tmp_path: Path
) -> None:
    """Of the file, or the environment before it; where only one reading exists, without them."""
    folder = tmp_path / "config" / "diaryclient"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text('date_order = "dmy"\n')
    assert run("write", "-q", "05/03/2020: x")[0] == 0
    assert wall(stored(logged_in)).startswith("2020-03-05 09:00")
    assert run("write", "-q", "--at", "05/03/2020", "x", DIARY_DATE_ORDER="mdy")[0] == 0
    assert wall(stored(logged_in)).startswith("2020-05-03 09:00")
    assert run("write", "-q", "--at", "22/03/2020", "x", DIARY_DATE_ORDER="mdy")[0] == 0
    assert wall(stored(logged_in)).startswith("2020-03-22 09:00")
    status, _, err = run("write", "--at", "05/03/2020", "x", DIARY_DATE_ORDER="ymd")
    assert (status, 'DIARY_DATE_ORDER: write "dmy"' in err) == (2, True)


def script(tmp_path: Path, body: str) -> str:
    """Give the command of an editor that does what a shell does."""
    path = tmp_path / "an editor.sh"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o700)
    return f"'{path}' --wait"


def edit(tmp_path: Path, body: str, text: str = "") -> tuple[Draft, str | None]:
    """Let an editor loose on a text."""
    draft = Draft(tmp_path / "drafts", text)
    return draft, draft.edit(script(tmp_path, body), {"PATH": "/usr/bin:/bin"})


@pytest.mark.parametrize(
    ("environment", "command"),
    [
        ({"VISUAL": "vim -f", "EDITOR": "ed"}, "vim -f"),
        ({"VISUAL": "", "EDITOR": "ed"}, "ed"),
        ({}, None),
    ],
)
def test_visual_goes_before_editor(environment: dict[str, str], command: str | None) -> None:
    """An empty variable is as good as none."""
    assert choose_editor(environment) == command


def test_an_editor_gives_the_text(tmp_path: Path) -> None:
    """Its command may have options and quotes; one last newline is not counted."""
    draft, text = edit(tmp_path, '[ "$1" = --wait ] && printf "two\\nlines\\n" > "$2"')
    assert text == "two\nlines"
    assert draft.path.read_text() == "two\nlines\n"
    assert draft.path.stat().st_mode & 0o777 == 0o600
    draft.discard()
    assert not draft.path.exists()


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("", ":"),
        ("old", ":"),
        ("old", 'echo >> "$2"'),
        ("old", 'printf old > "$2"'),
        ("old\n", ":"),
        ("a\r\nb", ":"),
        ("\ufeffold", ":"),
        ("a\nb", r'printf "\357\273\277a\r\nb\r\n" > "$2"'),
    ],
)
def test_an_unchanged_text_is_none(tmp_path: Path, text: str, body: str) -> None:
    """However the editor ends its lines, and whether it marks the file."""
    assert edit(tmp_path, body, text)[1] is None


@pytest.mark.parametrize("text", ["one", "one\ntwo", "one\n", "one\n\n"])
def test_the_file_ends_with_a_newline(tmp_path: Path, text: str) -> None:
    """As text files do; blank lines at a text's end come back all the same."""
    draft, changed = edit(tmp_path, 'printf "%s\n" first "$(cat "$2"; echo .)" > "$2"', text)
    assert draft.path.read_text() == f"first\n{text}\n.\n"
    assert changed == f"first\n{text}\n."
    assert Draft(tmp_path / "drafts", text).path.read_text() == f"{text}\n"
    assert Draft(tmp_path / "drafts").path.read_text() == ""


@pytest.mark.parametrize(
    ("before", "after"), [("one\n\n", "one"), ("one", "one\n\n"), ("one\n", "one")]
)
def test_blank_lines_at_the_end_can_be_changed(tmp_path: Path, before: str, after: str) -> None:
    """They are part of a text, but for one that an editor adds."""
    body = "printf '{}' > \"$2\"".format(f"{after}\n".replace("\n", r"\n"))
    assert edit(tmp_path, body, before)[1] == after


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('echo precious > "$2"; exit 3', "it ended with status 3; the text stays in "),
        ('echo precious > "$2"; kill -9 $$', "signal 9 ended it; the text stays in "),
        ("exit 1", "it ended with status 1; nothing was changed or written"),
        ('printf "\\377" > "$2"', "is not valid UTF-8; it is in "),
        ('head -c 2000000 /dev/zero > "$2"', "more than 1048576 bytes; it is in "),
        ('rm "$2"', "cannot be read: No such file"),
    ],
)
def test_an_editor_that_fails_loses_nothing(tmp_path: Path, body: str, message: str) -> None:
    """The message names the file, if there is something in it."""
    with pytest.raises(EditorError, match=message) as failed:
        edit(tmp_path, body)
    left = list((tmp_path / "drafts").iterdir())
    assert len(left) == message.endswith(" in ")
    assert all(str(path) in str(failed.value) for path in left)


@pytest.mark.parametrize("command", ["no-such-editor", "'unclosed", " ", "/etc/passwd"])
def test_an_editor_that_cannot_be_started(tmp_path: Path, command: str) -> None:
    """What was there stays."""
    draft = Draft(tmp_path / "drafts")
    with pytest.raises(EditorError, match="nothing was changed or written"):
        draft.edit(command, {"PATH": "/usr/bin:/bin"})
