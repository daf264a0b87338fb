"""Texts that look like the marks of a format: each comes back as it was, or is named at export."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from diaryclient.browsing.browsing import Page
from diaryclient.entries.entry import DiaryEntry
from diaryclient.formats.exported import EXPORTS
from diaryclient.formats.files import FORMS, TREE
from diaryclient.formats.pretty import Look
from diaryclient.formats.printed import FORMATS
from diaryclient.formats.tree import MARK, render_tree
from diaryclient.importing.detection import read_source
from diaryclient.importing.fidelity import Losses
from diaryclient.importing.finding import Draft
from diaryclient.importing.folder import read_dated_file
from diaryclient.screen.display import safe_text
from protocol.dayfile import Written
from protocol.identifiers import EntryId
from protocol.stamp import Stamp
from tests.client.fakes import ALICE, START
from tests.client.loopback import Loopback, Run

IMPORTED = ("jsonl", "json", "md", TREE, "jrnl", "txt")
LINES = (
    *("# a", "## 07:30 Breakfast", "# 12:00 Lunch", "### 2026-11-22 07:30 x", "# 2026", "## May"),
    *("###### deep", "##### x", "####### seven", "#", "\\# x", "\\\\## 12:00", "   # x", "    # x"),
    *("```", "``` py", "````", "```a`", "~~~", "~~~ `x`", "\\```", "\\\\~~~", "   ```", "    ```"),
    *(
        "[2020-01-01 10:00]",
        "[2020-01-01 10:00] x",
        "\\[2020-01-01 10:00] x",
        "[1 May 2020] x",
        "[",
    ),
    *(
        "---",
        "title: x",
        "*",
        "a *",
        "a \\*",
        "**bold**",
        "\\*",
        "Dear. Diary",
        "今天！去",
        "好。 去",
    ),
    *(
        "  in",
        "\tin",
        "",
        "",
        "   ",
        "a ",
        "Said “no.” Yes",
        "@tag",
        "Sun. @tag",
        "> q",
        "- a",
        "\u3000去",
    ),
    *(MARK, "# 2026-11-22", "a.b", "! ?", "\x1b[2J", "\u202e", "&amp;", "[x]: y"),
)
TEXTS = st.lists(st.sampled_from(LINES), min_size=1, max_size=8).flatmap(
    lambda lines: st.sampled_from(("\n", "\n", " ")).map(lambda joint: joint.join(lines))
)
ANY = TEXTS | st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


def entries(written: list[tuple[str, bool, int]]) -> list[DiaryEntry]:
    """Give entries of texts, stars, and days, a minute apart, as a diary gives them."""
    found = [
        DiaryEntry(
            Written(
                Stamp(START - 86_400_000 * day - START % 60_000 + 60_000 * (number % 10), 0),
                EntryId.make(START, bytes([number]) * 10),
                text,
                star,
            ),
            ALICE,
        )
        for number, (text, star, day) in enumerate(written)
    ]
    return sorted(found, key=lambda each: each.stamp.at)


ENTRIES = st.lists(
    st.tuples(ANY.filter(bool), st.booleans(), st.sampled_from((0, 0, 1, 30, 400))), max_size=6
).map(entries)


def came_back(form: str, written: list[DiaryEntry], folder: Path) -> list[tuple[int, str, bool]]:
    """Export into a file or a folder, read that, and give the moment, text and star of each."""
    path = folder / "diary"
    if form == TREE:
        path.mkdir()
        for name, text in render_tree([Page(written)]):
            (path / name).parent.mkdir(exist_ok=True)
            (path / name).write_text(text, newline="")
    else:
        path.write_text("".join(EXPORTS[form]([Page(written)], Look())), newline="")
    found = read_source(path, "auto")[1]
    return [
        (each.when.at if isinstance(each.when, Stamp) else at(each.when), each.text, each.starred)
        for each in found
        if isinstance(each, Draft)
    ]


def at(when: object) -> int:
    """Give the ms of a wall clock in UTC."""
    assert isinstance(when, datetime)
    return int(when.replace(tzinfo=UTC).timestamp()) * 1000


def names(form: str, entry: DiaryEntry) -> list[str]:
    """Give what an export tells of one entry."""
    losses = Losses(form)
    assert list(losses.counted([Page([entry])])) == [Page([entry])]
    return losses.told()


def test_every_format_is_held_to_it() -> None:
    """One that cannot be imported is for people alone."""
    assert set(FORMS) == {*IMPORTED, "html"}


@pytest.mark.parametrize("form", IMPORTED)
@given(written=ENTRIES)
@example(written=entries([("Plan of the day\n## 07:30 Breakfast\neggs\n# 12:00 Lunch", False, 0)]))
@example(written=entries([("Copied\n[2020-01-01 10:00]\nfurther text of mine", False, 0)]))
@example(written=entries([("One\n```\nnever closed", True, 0), ("Two\n```\n# x\n```", False, 0)]))
@example(written=entries([("```\n# 06:00 code\n```\nx", True, 0), ("A list *", False, 1)]))
@example(written=entries([("\n", True, 0), ("*", False, 0), ("*\n", True, 0)]))
def test_what_is_not_told_comes_back_to_the_letter(
    tmp_path_factory: pytest.TempPathFactory, form: str, written: list[DiaryEntry]
) -> None:
    """Whatever else stands in the file, no entry is torn apart, joined to another one, or lost."""
    back = came_back(form, written, tmp_path_factory.mktemp("export"))
    assert len(back) == len(written)
    for entry, seen in zip(written, back, strict=True):
        if not names(form, entry):
            assert seen == (entry.stamp.at, entry.text, entry.is_starred)


@pytest.mark.parametrize("form", ["jsonl", "json", "md", TREE])
@given(text=ANY.filter(str.strip), star=st.booleans())
def test_only_controls_are_too_much_for_markdown(form: str, text: str, star: bool) -> None:
    """And nothing is for JSON."""
    [entry] = entries([(text, star, 0)])
    is_plain = form.startswith("json") or safe_text(text) == text
    assert bool(names(form, entry)) == (not is_plain)


@given(text=ANY.filter(str.strip), star=st.booleans())
def test_few_things_are_too_much_for_a_journal(text: str, star: bool) -> None:
    """Blank space around it, a star beside the first line, and controls."""
    first, newline, further = text.partition("\n")
    first = first.strip()
    [entry] = entries([(f"{first}{newline}{further.rstrip()}" or "x", star, 0)])
    if entry.text.strip() == entry.text and "*" not in first and safe_text(text) == text:
        assert names("jrnl", entry) == []


def test_code_stays_code() -> None:
    """In what is printed and in what is exported, a line in a fence is not touched."""
    code = "```sh\n# a comment\n## 07:30 another\n```"
    for text in (f"How to.\n\n{code}\n\n# Head", f"{code}\n\n# Head"):
        [entry] = entries([(text, False, 0)])
        for form in (FORMATS["md"], EXPORTS["md"]):
            shown = "".join(form([Page([entry])], Look()))
            assert f"\n{code}\n" in shown
            assert "\n#### Head\n" in shown
        [(_, tree)] = render_tree([Page([entry])])
        assert f"\n{code}\n" in tree
        assert "\n### Head\n" in tree


def test_a_tree_of_older_exports_is_still_read() -> None:
    """Without the mark, as any folder."""
    text = "# 2026-11-22\n\n## 07:30 Title. *\n\nBody\n\n### Head\n"
    found = [
        each for each in read_dated_file(text, "2026/2026-11-22.md") if isinstance(each, Draft)
    ]
    assert [(each.text, each.starred) for each in found] == [("Title.\nBody\n\n### Head", True)]


def test_what_somebody_wrote_into_a_tree_is_read_too() -> None:
    """Below the mark, between the entries, in their own way."""
    text = f"# 2026-11-22\n{MARK}\nfree\n\n## 07:30 One\n\n## no time\n## 08:00 Two.\n\ntext"
    found = [
        each for each in read_dated_file(text, "2026/2026-11-22.md") if isinstance(each, Draft)
    ]
    assert [each.text for each in found] == ["One\n## no time", "Two.\ntext", "free"]


def test_a_document_with_what_is_none_of_ours_loses_nothing_in_silence(
    run: Run, logged_in: Loopback, tmp_path: Path
) -> None:
    """It is listed with its line."""
    path = tmp_path / "diary.md"
    path.write_text(
        "# 2026\n\n## November\n\n### 2026-11-22 07:30 One\n\n# 2025\nfree\n\n## May\n\n"
        "### 2025-05-99 07:30 Two\n"
    )
    status, out, err = run("import", "--yes", "--tz", "UTC", str(path))
    assert status == 1
    assert out.startswith(
        "md: 1 entry, from 2026-11-22 to 2026-11-22 on 1 day, 0 starred, 0 tags, z"
    )
    assert err.splitlines()[:-1] == [
        "diaryclient: line 7 text stands below a year or a month",
        "diaryclient: line 12 has a time that no diary can have",
    ]
    path.write_text("# 2026\n")
    status, _, err = run("import", "--yes", "--format", "md", str(path))
    assert status == 1
    assert "no heading begins with a day and a time" in err


def test_an_export_names_what_it_cannot_hold(run: Run, logged_in: Loopback, tmp_path: Path) -> None:
    """On standard error, by the ids of the entries; the export is made all the same."""
    run("write", "-q", "--no-parse", "One. Two")
    run("write", "-q", "--no-parse", "beep \x07")
    status, _, err = run("export", str(tmp_path / "diary.txt"))
    assert status == 0
    assert [line.split(")")[1] for line in err.splitlines()] == [
        " with control characters, which are written as \\x1b or \\u202e",
        " that an import would give back otherwise; jsonl keeps everything",
    ]
    status, _, err = run("export", str(tmp_path / "diary.md"))
    assert (status, err.count("\n")) == (0, 1)
    assert run("export", str(tmp_path / "diary.jsonl"))[2] == ""
