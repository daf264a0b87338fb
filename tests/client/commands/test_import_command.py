"""`import` as it is typed: what it tells, asks, sends, and what it says was left out."""

import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from protocol.dayfile import Written, fold, parse_day_file
from protocol.errors import ErrorCode
from protocol.identifiers import EntryId
from tests.client.loopback import Loopback, Run, lend

JOURNAL = r"""
[2025-12-24 18:00] Tree. @home *
Candles and a song.
[2025-12-23](a link)

[ ] presents
\[2020-01-01 10:00] an old head, quoted

[2026-11-22 07:30:00 PM] 今天天气很好！

[2026-11-22 19:30] Twice.

[2026-11-22 19:30] Twice.
"""


@pytest.fixture
def source(tmp_path: Path) -> Callable[[str, str], str]:
    """Write a file to import and give its path."""

    def write(name: str, text: str) -> str:
        path = tmp_path / "sources" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return str(path)

    return write


def stored(diary: Loopback) -> list[Written]:
    """Give all entries of the server."""
    files = diary.fake.files
    return [each for day in sorted(files) for each in fold(parse_day_file(files[day]))]


def texts(diary: Loopback) -> list[str]:
    """Give their texts."""
    return [each.text for each in stored(diary)]


Source = Callable[[str, str], str]


def test_a_journal_is_told_of_asked_about_and_sent(
    run: Run, logged_in: Loopback, source: Source
) -> None:
    """Without a terminal only --yes sends; twice adds nothing."""
    path = source("journal.txt", JOURNAL)
    status, out, err = run("import", "--dry-run", path, DIARY_TIMEZONE="Europe/Berlin")
    assert (status, err) == (0, "nothing was imported\n")
    assert out == (
        "jrnl: 4 entries, from 2025-12-24 to 2026-11-22 on 2 days, 1 starred, 1 tag, "
        "zone Europe/Berlin\n"
    )
    status, _, err = run("import", path)
    assert status == 2
    assert "--yes" in err
    assert logged_in.fake.files == {}
    status, out, err = run("import", "--yes", "--tz", "Asia/Shanghai", path)
    assert (status, err) == (0, "")
    assert out.splitlines()[1] == f"imported 4 entries; {logged_in.login.name}"
    entries = stored(logged_in)
    assert [str(each.stamp) for each in entries] == [
        "2025-12-24T18:00:00.000+08:00",
        "2026-11-22T19:30:00.000+08:00",
        "2026-11-22T19:30:00.000+08:00",
        "2026-11-22T19:30:00.000+08:00",
    ]
    assert entries[0].text == (
        "Tree. @home\nCandles and a song.\n[2025-12-23](a link)\n\n[ ] presents\n"
        "[2020-01-01 10:00] an old head, quoted"
    )
    assert texts(logged_in)[1:] == ["今天天气很好！", "Twice.", "Twice."]
    assert [each.starred for each in entries] == [True, False, False, False]
    assert [each.id.milliseconds for each in entries] == [each.stamp.at for each in entries]
    status, out, _ = run("import", "--yes", "--tz", "Asia/Shanghai", path)
    assert out.splitlines()[1].startswith("imported 0 entries, 4 known before")
    assert stored(logged_in) == entries


def test_a_source_that_has_grown_adds_what_is_new(
    run: Run, logged_in: Loopback, source: Source
) -> None:
    """Its older entries have the ids that they had."""
    run("import", "--yes", source("journal.txt", JOURNAL))
    run("import", "--yes", source("journal.txt", f"{JOURNAL}\n[2026-11-22 20:00] New.\n"))
    assert texts(logged_in)[1:] == ["今天天气很好！", "Twice.", "Twice.", "New."]


def test_what_is_too_long_is_listed_and_the_rest_is_sent(
    run: Run, logged_in: Loopback, source: Source
) -> None:
    """With its place; nothing is dropped in silence, and the status says so."""
    longer, longest = "x" * 262145, "x" * 262144
    text = f"[2026-01-01 10:00] {longer}\n\n[2026-01-02 10:00] {longest}\n\n[2026-01-03]  \n"
    path = source("journal.txt", f"{text}\n[2096-01-01 10:00] ahead\n")
    status, out, err = run("import", "--yes", path)
    assert status == 1
    assert "1 skipped: is longer than 262144 bytes (line 1)\n" in out
    assert err.splitlines() == [
        "diaryclient: line 1 is longer than 262144 bytes",
        "diaryclient: line 5 has no text",
        "diaryclient: line 7 lies in the future",
        "diaryclient: left out, as listed: 3 entries",
    ]
    assert texts(logged_in) == [longest]


def test_json_of_jrnl_has_title_and_body(run: Run, logged_in: Loopback, source: Source) -> None:
    """Times by the wall clock of the zone that is told."""
    entries = [
        {"title": "Tree.", "body": "Candles.", "date": "2025-12-24", "time": "18:00",
         "tags": [], "starred": True},
        {"title": "Alone", "body": "", "date": "2025-12-25", "time": "09:00",
         "tags": [], "starred": False},
        {"title": "no time", "body": "", "date": "2025-12-25"},
    ]  # fmt: skip
    path = source("jrnl.json", json.dumps({"tags": {}, "entries": entries}, indent=2))
    status, out, err = run("import", "--yes", "--tz", "UTC", path)
    assert status == 1
    assert out.startswith("jrnl-json: 2 entries")
    assert err.startswith("diaryclient: entry 3 is no entry\n")
    assert texts(logged_in) == ["Tree.\nCandles.", "Alone"]
    assert str(stored(logged_in)[0].stamp) == "2025-12-24T18:00:00.000+00:00"


DAY_ONE = {
    "metadata": {"version": "1.0"},
    "entries": [
        {
            "uuid": "9A2D00938E4C4967920ED8C83C3060AB",
            "creationDate": "2025-06-01T04:30:05Z",
            "timeZone": "America/New_York",
            "starred": True,
            "text": "# Lake\n\n![](dayone-moment://9A2D)\nSwam \\- far\\. @sun",
            "tags": ["Sun", "two words", "!!!"],
            "photos": [{"identifier": "9A2D"}],
            "location": {"placeName": "Lake"},
        },
        {"creationDate": "2025-06-02T04:30:05Z", "timeZone": "Nowhere/City", "text": "Plain"},
        {"creationDate": "2025-06-03T04:30:05Z", "photos": [{"identifier": "9A2E"}]},
        {"text": "no date"},
    ],
}


@pytest.mark.parametrize("is_zipped", [True, False])
def test_day_one_is_read_with_its_zones_and_tags(
    run: Run, logged_in: Loopback, source: Source, is_zipped: bool
) -> None:
    """As the JSON file or as the zip around it; what is left out is told."""
    path = source("Journal.json", json.dumps(DAY_ONE))
    if is_zipped:
        path = str(Path(path).with_suffix(".zip"))
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("Journal.json", json.dumps(DAY_ONE))
            archive.writestr("photos/1.jpeg", b"\xff\xd8")
    status, out, err = run("import", "--yes", "--tz", "Asia/Shanghai", path)
    prefix = "Journal.json " * is_zipped
    assert status == 1
    assert err.splitlines()[:2] == [
        f"diaryclient: {prefix}entry 4 is no entry",
        f"diaryclient: {prefix}entry 3 has no text",
    ] or err.splitlines()[:2] == [
        f"diaryclient: {prefix}entry 3 has no text",
        f"diaryclient: {prefix}entry 4 is no entry",
    ]
    for words in (
        "2 left out: photo (",
        "place and weather",
        "1 with a tag that can be none here",
        "2 without a time zone that is known, in that of --tz (",
        "zone Asia/Shanghai\n",
    ):
        assert words in out
    first, second = stored(logged_in)
    assert str(first.stamp) == "2025-06-01T00:30:05.000-04:00"
    assert (first.text, first.starred) == ("# Lake\n\n\nSwam - far. @sun\n@two_words", True)
    assert str(second.stamp) == "2025-06-02T12:30:05.000+08:00"


def test_a_folder_is_read_by_the_names_of_its_files(
    run: Run, logged_in: Loopback, source: Source
) -> None:
    """Days, times, headings with times, jrnl's folders; what is something else is listed."""
    source(
        "2025-01-02.md",
        "# 2025-01-02\n\nBefore.\n\n## 07:30 Up early *\n\n- tea\n\n## 9:05\nLate\n",
    )
    source("20250103 Lake.txt", "Swam.\r\n\r\nFar.\n")
    source("2025-01-04_1815.md", "Evening")
    source("2025/01/05.txt", "[2025-01-05 08:00] From jrnl.\n")
    source("2025-13-01.md", "no such day")
    source("notes.md", "no day")
    source("2025-01-06.jpg", "no text")
    os.mkfifo(Path(source("2025-01-09.md", "")).with_name("2025-01-10.md"))
    source(".hidden/2025-01-07.md", "hidden")
    folder = str(Path(source("2025-01-08.md", "")).parent)
    status, out, err = run("import", "--yes", "--tz", "UTC", folder)
    assert status == 1
    assert out.startswith("folder: 6 entries, from 2025-01-02 to 2025-01-05 on 4 days, 1 starred")
    assert "1 hidden, not looked at (.hidden)" in out
    assert sorted(err.splitlines()) == [
        "diaryclient: 2025-01-06.jpg is neither .md nor .txt",
        "diaryclient: 2025-01-08.md has no text",
        "diaryclient: 2025-01-09.md has no text",
        "diaryclient: 2025-01-10.md is no file",
        "diaryclient: 2025-13-01.md is not named by a day",
        "diaryclient: left out, as listed: 6 entries",
        "diaryclient: notes.md is not named by a day",
    ]
    assert [(f"{each.stamp.wall:%d %H:%M}", each.text) for each in stored(logged_in)] == [
        ("02 07:30", "Up early\n- tea"),
        ("02 09:00", "Before."),
        ("02 09:05", "Late"),
        ("03 09:00", "Lake\nSwam.\n\nFar."),
        ("04 18:15", "Evening"),
        ("05 08:00", "From jrnl."),
    ]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", "just text", "nothing that is known here"),
        ("a.json", "{", "it is no JSON: line 1, column 2"),
        ("a.json", "{}\x00", "it is no JSON"),
        ("a.json", "[1]", "nothing that is known here"),
        ("a.json", '{"entries": 1,\n"a": 2}', "no list `entries`"),
        ("a.json", '{"entries": ' + "[" * 100_000, "it is no JSON"),
        ("a.zip", "PK\x03\x04 damaged", "it is a damaged zip; export it once more, or unpack it"),
    ],
)
def test_what_is_no_diary_is_refused(
    run: Run, logged_in: Loopback, source: Source, name: str, content: str, message: str
) -> None:
    """In one line that names the file, and with nothing sent."""
    status, out, err = run("import", "--yes", source(name, content))
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert message in err
    assert logged_in.fake.files == {}


def test_not_utf_8_is_refused_with_its_line(run: Run, logged_in: Loopback, source: Source) -> None:
    """The program that converts it is named."""
    path = source("journal.txt", "")
    Path(path).write_bytes("[2025-01-01 10:00] caf\n\né".encode("latin-1"))
    status, _, err = run("import", "--yes", path)
    assert status == 1
    assert "line 3 is not UTF-8" in err


def record(text: str, number: int = 1) -> str:
    """Give a line of our jsonl."""
    entry_id = EntryId.make(1_700_000_000_000, bytes([number]) * 10)
    utc = "2023-11-14T22:13:20.000Z"
    values = {"id": entry_id.hex(), "utc": utc, "offset": "+01:00", "starred": True, "text": text}
    return json.dumps(values) + "\n"


def test_an_entry_that_was_changed_meanwhile_stays(
    run: Run, logged_in: Loopback, source: Source
) -> None:
    """It is listed; nothing is overwritten, and no second entry is made."""
    run("import", "--yes", source("a.jsonl", record("first") + record("other", 2)))
    status, out, err = run(
        "import", "--yes", source("b.jsonl", record("changed") + record("other", 2))
    )
    assert status == 1
    assert out.splitlines()[-1].startswith("imported 0 entries, 1 known before")
    assert "line 1 stands in the diary with another text or star, which stays" in err
    assert texts(logged_in) == ["first", "other"]


def test_oddities_of_our_own_lines(run: Run, logged_in: Loopback, source: Source) -> None:
    """The same line twice is one entry, the same id with another text is none."""
    bad = '{"id": "00", "utc": "x"}\nno json\n{"text": "\\ud800"}\n'
    surrogate = record("x", 3).replace('"x"', '"\\ud800"')
    lines = record("a") + record("a") + record("b") + bad + surrogate
    status, out, err = run("import", "--yes", source("a.jsonl", lines))
    assert status == 1
    assert "1 is there twice; taken once (line 2)" in out
    assert err.splitlines()[:-1] == [
        "diaryclient: line 3 another entry with its id stands before it",
        *(f"diaryclient: line {number} is no entry" for number in (4, 5, 6)),
        "diaryclient: line 7 has characters that no text can have",
    ]
    assert texts(logged_in) == ["a"]


def test_what_the_server_cannot_take_yet_is_sent_again(
    run: Run, logged_in: Loopback, source: Source
) -> None:
    """The rest of the batch is not sent twice, and the order stays."""
    logged_in.fake.row_refusals.extend([ErrorCode.OK, ErrorCode.BUSY, ErrorCode.STORAGE])
    lines = "".join(record(f"{number}", number) for number in range(5))
    status, out, _ = run("import", "--yes", source("a.jsonl", lines))
    assert status == 0
    assert out.splitlines()[-1].startswith("imported 5 entries")
    assert sorted(texts(logged_in)) == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize("place", ["whole", "row"])
def test_a_full_diary_ends_the_import_and_tells_how_far_it_came(
    run: Run, logged_in: Loopback, source: Source, place: str
) -> None:
    """What is in stays in; the same command goes on."""
    if place == "row":
        logged_in.fake.row_refusals.extend([ErrorCode.OK, ErrorCode.OK, ErrorCode.QUOTA])
    else:
        logged_in.fake.refusals.append(ErrorCode.QUOTA)
    lines = "".join(record(f"{number}", number) for number in range(5))
    status, _, err = run("import", "--yes", source("a.jsonl", lines))
    done = 4 if place == "row" else 0
    assert status == 6
    assert f"{done} of 5 entries are in the diary; the same command goes on" in err
    assert run("import", "--yes", source("a.jsonl", lines))[0] == 0
    assert sorted(texts(logged_in)) == ["0", "1", "2", "3", "4"]


def test_a_login_that_may_only_read_is_told_so(
    run: Run, loopback: Loopback, source: Source
) -> None:
    """Before anything is sent."""
    word = lend(loopback, "read")
    status, _, err = run("import", "--yes", source("a.jsonl", record("a")), DIARY_TOKEN=word)
    assert status == 3
    assert "scope is read" in err
    assert loopback.fake.files == {}


def test_a_login_that_may_only_write_can_import(
    run: Run, loopback: Loopback, source: Source
) -> None:
    """A conflict cannot be looked at then, and counts as one."""
    word = lend(loopback, "write")
    run("import", "--yes", source("a.jsonl", record("a")), DIARY_TOKEN=word)
    status, _, err = run("import", "--yes", source("a.jsonl", record("b")), DIARY_TOKEN=word)
    assert status == 1
    assert "another text or star" in err
    assert texts(loopback) == ["a"]
