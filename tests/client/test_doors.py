"""The same bytes become the same text by whatever door they come in."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from diaryclient.importing.detection import read_source
from diaryclient.importing.finding import Draft
from diaryserver.service.plain.dialect import Keep, read_command
from protocol.dayfile import fold, parse_day_file
from tests.client.loopback import Loopback, Run

Door = Callable[[Run, Loopback, Path, bytes], str]


def stored(loopback: Loopback) -> str:
    """Give the text that was stored last."""
    return list(loopback.fake.contents.values())[-1].text


def words(run: Run, logged_in: Loopback, folder: Path, data: bytes) -> str:
    """`diaryclient write TEXT`."""
    del folder
    assert run("write", "-q", "--no-parse", "--", data.decode())[0] == 0
    return stored(logged_in)


def pipe(run: Run, logged_in: Loopback, folder: Path, data: bytes) -> str:
    """`... | diaryclient write`."""
    del folder
    assert run("write", "-q", stdin=data)[0] == 0
    return stored(logged_in)


def edit_text(run: Run, logged_in: Loopback, folder: Path, data: bytes) -> str:
    """`diaryclient edit ID --text TEXT`."""
    del folder
    return edited(run, logged_in, "--text", data.decode())


def edit_pipe(run: Run, logged_in: Loopback, folder: Path, data: bytes) -> str:
    """`... | diaryclient edit ID`."""
    del folder
    return edited(run, logged_in, stdin=data)


def edited(run: Run, logged_in: Loopback, *options: str, stdin: bytes = b"") -> str:
    """Write an entry, edit it, and give its text."""
    run("write", "-q", "something else")
    name = list(logged_in.fake.contents)[-1].hex()
    assert run("edit", name, *options, stdin=stdin)[0] == 0
    [entry] = fold(parse_day_file(b"".join(logged_in.fake.files.values())))
    return entry.text


def plain_text(run: Run, logged_in: Loopback, folder: Path, data: bytes) -> str:
    """A datagram of plain text."""
    del run, logged_in, folder
    command, _ = read_command(data, "auto")
    assert isinstance(command, Keep)
    return command.text


def jrnl_json(run: Run, logged_in: Loopback, folder: Path, data: bytes) -> str:
    """`diaryclient import` of what jrnl exports."""
    del run, logged_in
    entry = {"title": data.decode(), "body": "", "date": "2026-01-02", "time": "03:04"}
    return imported(folder, json.dumps({"entries": [entry]}))


def day_one(run: Run, logged_in: Loopback, folder: Path, data: bytes) -> str:
    """`diaryclient import` of what Day One exports, which ends no text in blank lines."""
    del run, logged_in
    entry = {"text": data.decode(), "creationDate": "2026-01-02T03:04:05Z", "timeZone": "UTC"}
    return imported(folder, json.dumps({"entries": [entry]}))


def imported(folder: Path, content: str) -> str:
    """Give the text of the one entry in a file."""
    path = folder / "source.json"
    path.write_text(content)
    _, [found] = read_source(path, "auto")
    assert isinstance(found, Draft)
    return found.text


DOORS: dict[str, Door] = {
    "words": words,
    "pipe": pipe,
    "edit --text": edit_text,
    "edit from a pipe": edit_pipe,
    "plain text": plain_text,
    "jrnl's JSON": jrnl_json,
    "Day One": day_one,
}
TEXTS = {
    "one\r\ntwo\r\n": "one\ntwo",
    "\ufeffone\r\ntwo\n": "one\ntwo",
    "one\ntwo": "one\ntwo",
    "\x1b[31mred\x1b[0m\r\n": "\x1b[31mred\x1b[0m",
    "10%\r99%\n": "10%\r99%",
    "cafe\u0301\u2028caf\xe9\x85\ufeff\uff21": "cafe\u0301\u2028caf\xe9\x85\ufeff\uff21",
}


@pytest.mark.parametrize("raw", TEXTS, ids=ascii)
@pytest.mark.parametrize("door", DOORS)
def test_every_door_takes_a_text_the_same_way(
    run: Run, logged_in: Loopback, tmp_path: Path, door: str, raw: str
) -> None:
    """Line ends and marks that programs add are none of it, all else is."""
    assert DOORS[door](run, logged_in, tmp_path, raw.encode()) == TEXTS[raw]


@pytest.mark.parametrize("raw", ["", " \r\n", "\ufeff", "\u3000\n"], ids=ascii)
def test_white_space_is_no_text(run: Run, logged_in: Loopback, raw: str) -> None:
    """Nor is a mark alone; the exit status is 2, and nothing is written."""
    run("write", "-q", "something else")
    [name] = [each.hex() for each in logged_in.fake.contents]
    for words, stdin in (
        (["write", "--", raw], b""),
        (["write"], raw.encode()),
        (["edit", name, "--text", raw], b""),
        (["edit", name], raw.encode()),
    ):
        status, out, err = run(*words, stdin=stdin)
        assert (status, out) == (2, "")
        assert "the text is empty; nothing was " in err
    assert len(logged_in.fake.contents) == 1
    assert "something else" in b"".join(logged_in.fake.files.values()).decode()


def test_our_own_export_is_taken_to_the_letter(tmp_path: Path) -> None:
    """What another program has written may stand in a diary; it comes back as it is."""
    text = "\ufeffone\r\ntwo\r\n"
    entry = {
        "text": text,
        "utc": "2026-01-02T03:04:05.000Z",
        "offset": "+00:00",
        "starred": False,
        "id": "01a202d855b071018101010101010101",
    }
    assert imported(tmp_path, json.dumps(entry)) == text
    assert imported(tmp_path, json.dumps({"entries": [entry]})) == text
