"""A folder of what people have: names of files, headings, code and front matter of every habit."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaryclient.formats.fences import fences, outside_fences
from diaryclient.importing import front_matter
from diaryclient.importing.detection import read_source
from diaryclient.importing.file_names import read_file_name
from diaryclient.importing.finding import Draft, Finding, Oddity
from diaryclient.importing.folder import read_dated_file
from diaryclient.importing.front_matter import read_front_matter
from tests.client.loopback import Loopback, Run


def drafts(text: str, name: str = "2021-03-13.md") -> list[tuple[str, str]]:
    """Give the time and text of each entry of a file."""
    found = read_dated_file(text, name)
    return [(f"{each.when:%H:%M:%S}", each.text) for each in found if isinstance(each, Draft)]


def told(text: str, name: str = "2021-03-13.md") -> list[str]:
    """Give what is told of a file."""
    return [each.words for each in read_dated_file(text, name) if isinstance(each, Oddity)]


def test_a_code_fence_is_never_cut() -> None:
    """A heading in it is code, whatever it says; behind it headings are headings again."""
    text = "# Notes\n\n```yaml\n# 06:00 cron line\nrun: backup\n```\nDone."
    assert drafts(text) == [("09:00:00", text)]
    code = "~~~ sh\n```\n# 06:00 a\n~~\n# 06:30 b\n~~~~"
    assert drafts(f"## 07:00 One\n{code}\n## 08:00 Two\n   ```\n# 09:00 no\n```") == [
        ("07:00:00", f"One\n{code}"),
        ("08:00:00", "Two\n   ```\n# 09:00 no\n```"),
    ]


def test_a_fence_that_is_never_closed_swallows_nothing() -> None:
    """Two thirds of a day would be one entry."""
    text = "## 07:00 One\n~~~~~~~~\nlines\n## 08:00 Two\n```a `b`\n## 09:00 Three\n```\nx"
    assert [each[0][:2] for each in drafts(text)] == ["07", "08", "09"]


@given(
    st.lists(st.sampled_from(["```", "````", "~~~", "``` a", "~~~ b`", " ```", "    ```", "", "x"]))
)
def test_what_is_code_and_what_is_not_make_up_the_text(lines: list[str]) -> None:
    """Each stretch outside begins a line; each fence has a line that closes it."""
    text = "\n".join(lines)
    outside, inside = list(outside_fences(text)), list(fences(text))
    assert all(start == 0 or text[start - 1] == "\n" or start == len(text) for start, _ in outside)
    covered = sorted(outside + inside)
    whole = "".join(text[start:end] for start, end in covered)
    assert whole.replace("\n", "") == text.replace("\n", "")
    for start, end in inside:
        first, *_, last = text[start:end].split("\n")
        assert first.strip()[:3] == last.strip()[:3]
        assert set(last.strip()) in ({"`"}, {"~"})


@pytest.mark.parametrize(
    ("heading", "clock", "title"),
    [
        ("## 07:30 Up", "07:30:00", "Up"),
        ("## 7:30 Up", "07:30:00", "Up"),
        ("## 7:30 AM Up", "07:30:00", "Up"),
        ("### 7:30pm Up", "19:30:00", "Up"),
        ("# 7:30 p.m. Up", "19:30:00", "Up"),
        ("# 7:30 P. M.", "19:30:00", ""),
        ("## 12:05 AM", "00:05:00", ""),
        ("## 12:05 PM", "12:05:00", ""),
        ("## 07:30:15 Up", "07:30:15", "Up"),
        ("## 7:30:15\u202fPM Up", "19:30:15", "Up"),
        ("## 7 PM Dinner", "19:00:00", "Dinner"),
        ("## 7pm", "19:00:00", ""),
        ("## 07:30 Amber", "07:30:00", "Amber"),
        ("## 07:30 pmax", "07:30:00", "pmax"),
    ],
)
def test_headings_with_times_begin_entries(heading: str, clock: str, title: str) -> None:
    """By a clock of 24 hours or of 12, with seconds or without."""
    assert drafts(f"{heading}\n\nbody") == [(clock, f"{title}\nbody".strip())]


@pytest.mark.parametrize(
    "heading",
    [
        "## 24:00 x",
        "## 7 am Rhein",
        "## 13:30 PM x",
        "## 07:300 x",
        "## 7",
        "## 07:61",
        "##07:30 x",
    ],
)
def test_other_headings_are_text(heading: str) -> None:
    """What is no time begins no entry, and nothing of it is lost."""
    assert drafts(f"before\n{heading}\nbody") == [("09:00:00", f"before\n{heading}\nbody")]


@pytest.mark.parametrize(
    ("name", "clock", "title"),
    [
        ("2021-03-14.md", "09:00", ""),
        ("2021-03-14 2000 words.md", "09:00", "2000 words"),
        ("2021-03-14 1200 steps.md", "09:00", "1200 steps"),
        ("2021-03-14-1200-steps.md", "09:00", "1200-steps"),
        ("2021-03-14_1200_steps.md", "09:00", "1200_steps"),
        ("2021-03-14 10-20 km.md", "09:00", "10-20 km"),
        ("2021-03-14 10.50 euros.md", "09:00", "10.50 euros"),
        ("2021-03-14 1200.md", "09:00", "1200"),
        ("2021-03-14_0730.md", "07:30", ""),
        ("2021-03-14T0730 Lake.md", "07:30", "Lake"),
        ("2021-03-14T07:30:15.md", "07:30", ""),
        ("2021-03-14 07:30 Lake.md", "07:30", "Lake"),
        ("2021-03-14 07h30 Lake.md", "07:30", "Lake"),
        ("2021-03-14 07.30.md", "07:30", ""),
        ("2021-03-14-07-30.md", "07:30", ""),
        ("20210314-0730.md", "07:30", ""),
        ("20210314 Lake.txt", "09:00", "Lake"),
        ("20210314-1200-steps.md", "09:00", "1200-steps"),
        ("2021.03.14 - Beach day.md", "09:00", "Beach day"),
        ("2021-03-14 Sunday.md", "09:00", ""),
        ("2021-03-14-sun.md", "09:00", ""),
        ("2021-03-14 Monday.md", "09:00", "Monday"),
        ("2021-03-14 (2).md", "09:00", ""),
        ("2021-03-14 2.md", "09:00", ""),
        ("2021/03/14.md", "09:00", ""),
        ("2021/03/2021-03-14 湖边.md", "09:00", "湖边"),
    ],
)
def test_a_name_says_day_time_and_title(name: str, clock: str, title: str) -> None:
    """A number is no time unless it can be nothing else; the rest of the name is the title."""
    read = read_file_name(name)
    assert read
    assert (f"{read.when:%F %R}", read.title) == (f"2021-03-14 {clock}", title)
    digits = title[:4].replace("-", "").replace(".", "")
    assert read.is_doubtful == (digits[:4].isdigit() and len(title) >= 4)


def test_a_number_that_may_be_a_time_is_told() -> None:
    """It is kept in the title, where its writer finds it."""
    assert drafts("steps", "2021-03-14 1200 steps.md") == [("09:00:00", "1200 steps\nsteps")]
    assert told("steps", "2021-03-14 1200 steps.md") == [
        "with a number in its name that might be a time, kept in the title"
    ]


@pytest.mark.parametrize("text", ["Beach day\nSun.", "# Beach day\n\nSun.", "# Beach-Day!\nSun."])
def test_a_title_that_the_text_says_is_not_said_twice(text: str) -> None:
    """Neither that of a name nor that of front matter."""
    assert drafts(text, "2023-06-12 Beach day.md") == [("09:00:00", text)]
    assert drafts(f"---\ntitle: Beach day\n---\n{text}") == [("09:00:00", text)]


def test_the_title_of_a_file_is_that_of_its_first_entry() -> None:
    """No entry is made of it alone."""
    sections = "## 07:30\n\n## 07:45 Morning\nrun\n## 08:00 Later"
    assert drafts(sections, "2023-06-12 Beach day.md") == [
        ("07:30:00", ""),
        ("07:45:00", "Beach day\nMorning\nrun"),
        ("08:00:00", "Later"),
    ]


def test_front_matter_is_date_title_and_tags() -> None:
    """It is no text; what else stands in it is told."""
    text = "---\ntags: [run, daily, '#two words']\nmood: 7\n---\nDear diary. @run"
    assert drafts(text) == [("09:00:00", "Dear diary. @run\n@daily @two_words")]
    assert told(text) == [front_matter.LEFT_OUT]
    before = "---\ntitle: x\ntags: a\n---\n\n## 07:30 Morning\nrun\n## 08:00 Noon"
    assert drafts(before) == [("07:30:00", "x\nMorning\nrun\n@a"), ("08:00:00", "Noon\n@a")]
    assert told(before) == []
    assert drafts("---\n---\nonly text") == [("09:00:00", "only text")]
    assert drafts("---\ntitle: no\n...\ntext") == [("09:00:00", "no\ntext")]
    assert drafts("---\ntags: x\n---\ntext", "2021-03-13.txt")[0][1].startswith("---")


@pytest.mark.parametrize(
    ("date", "name", "when"),
    [
        ("2021-03-13", "2021-03-13_0730.md", "2021-03-13 07:30:00"),
        ("2021-03-14", "2021-03-13_0730.md", "2021-03-14 09:00:00"),
        ("2021-03-14 18:05", "2021-03-13.md", "2021-03-14 18:05:00"),
        ("2021-03-14T18:05:10Z", "Beach.md", "2021-03-14 18:05:10+00:00"),
        ("2021-03-14 18:05:10 +0800", "Beach.md", "2021-03-14 18:05:10+08:00"),
        ('"2021-03-14"', "Beach.md", "2021-03-14 09:00:00"),
    ],
)
def test_the_date_of_front_matter_is_the_entrys(date: str, name: str, when: str) -> None:
    """Whatever the name says; a file without a day in its name belongs to that one."""
    text = f"---\ndate: {date}\n---\nSun."
    [draft] = [each for each in read_dated_file(text, name) if isinstance(each, Draft)]
    assert str(draft.when) == when
    assert draft.text == ("Beach\nSun." if name == "Beach.md" else "Sun.")


@pytest.mark.parametrize(
    "values",
    [
        "title: a: b",
        "tags: [a",
        "a: &a [*a]",
        "a: &a {<<: *a}",
        "title: !!python/object/apply:os.system [true]",
        f"a: {'[' * 9000}",
        "a: \x07",
        "a: 1\n? [1]\n: 2",
        "a: *b",
    ],
)
def test_front_matter_that_cannot_be_read_is_told(values: str) -> None:
    """No entry is made of it, nothing of it is run, and the text below is read."""
    assert drafts(f"---\n{values}\n---\ntext") == [("09:00:00", "text")]
    assert told(f"---\n{values}\n---\ntext")


@pytest.mark.parametrize(
    "text",
    [
        "---\nDear diary: a day between two rulers.\n---\nIt went on.",
        "---\ntitle: never closed\n\ntext",
        f"---\ntitle: {'x' * front_matter.LONGEST}\n---\ntext",
        "----\ntitle: x\n----\ntext",
        "text\n---\ntitle: x\n---",
    ],
)
def test_what_is_no_front_matter_is_text(text: str) -> None:
    """A ruler is Markdown too."""
    assert drafts(text) == [("09:00:00", text)]


@given(st.text(alphabet="-:[]{}&*!|>'\"#?, \n\tabtitledg0123456789~.\x07", max_size=60))
def test_any_front_matter_is_read_or_is_text(values: str) -> None:
    """Hostile or not."""
    text = f"---\n{values}\n---\n"
    found = read_front_matter(text)
    assert found is None or 0 < found.end <= len(text)


def test_files_that_front_matter_dates_are_read_and_others_named(
    run: Run, logged_in: Loopback, tmp_path: Path
) -> None:
    """In a folder, and alone."""
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "Beach.md").write_bytes(b"\xef\xbb\xbf---\r\ndate: 2021-03-14\r\n---\r\nSun.\r\n")
    (folder / "ruler.md").write_text("---\nno day\n---\n")
    (folder / "bytes.md").write_bytes(b"---\n\xff")
    (folder / ".obsidian").mkdir()
    (folder / ".DS_Store").touch()
    status, out, err = run("import", "--dry-run", str(folder))
    assert status == 1
    assert out.startswith("folder: 1 entry, from 2021-03-14 to 2021-03-14")
    assert "2 hidden, not looked at (.DS_Store, .obsidian)" in out
    assert err.splitlines()[1:-1] == [
        "diaryclient: bytes.md is not named by a day",
        "diaryclient: ruler.md is not named by a day",
    ]
    form, found = read_source(folder / "Beach.md", "auto")
    assert (form, [each.text for each in found if isinstance(each, Draft)]) == (
        "folder",
        ["Beach\nSun."],
    )


def test_a_journal_below_front_matter_is_one() -> None:
    """Its entries have the tags."""
    found: list[Finding] = list(
        read_dated_file(
            "---\ntags: a\n---\n[2021-03-13 10:00] One\n[2021-03-13 11:00] Two", "2021-03-13.md"
        )
    )
    assert [each.text for each in found if isinstance(each, Draft)] == ["One\n@a", "Two\n@a"]
