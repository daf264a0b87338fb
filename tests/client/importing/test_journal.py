"""The text file of jrnl: where an entry begins, what its star is, and which heads are doubtful."""

import pytest

from diaryclient.importing.finding import Draft, Oddity
from diaryclient.importing.journal import read_journal


def drafts(text: str) -> list[tuple[str, bool]]:
    """Give the text and star of each entry."""
    return [(each.text, each.starred) for each in read_journal(text) if isinstance(each, Draft)]


@pytest.mark.parametrize(
    ("title", "text", "starred"),
    [
        ("**Important**", "**Important**", False),
        ("**Important** *", "**Important**", True),
        ("very *important*", "very *important*", False),
        ("very *important* *", "very *important*", True),
        ("Tree. *", "Tree.", True),
        ("Tree.*", "Tree.", True),
        ("a * b *", "a * b", True),
        ("***", "***", False),
        ("*", "*", False),
        ("* *", "*", True),
    ],
)
def test_a_star_is_no_end_of_emphasis(title: str, text: str, starred: bool) -> None:
    """A bold title is not halved."""
    assert drafts(f"[2020-01-01 10:00] {title}\nbody") == [
        (f"{text}\nbody".strip(), starred) if title != "*" else ("body", True)
    ]
    assert drafts(f"[2020-01-01 10:00] {title}") == [(text, starred)]


@pytest.mark.parametrize("line", ["[2020-01-01 10:00]", "[2020-01-01]", "[2020-01-01 10:00]\tx"])
def test_a_time_without_a_space_behind_it_begins_no_entry(line: str) -> None:
    """As in jrnl, which reads the same file as one entry; nothing is odd about it."""
    text = f"Copied from a log\n{line}\nfurther text of mine"
    found = list(read_journal(f"[2022-03-01 08:00] {text}\n"))
    assert [each.text for each in found if isinstance(each, Draft)] == [text]
    assert len(found) == 1


def test_a_head_of_unknown_form_is_named_by_its_own_line() -> None:
    """That is where somebody has to look."""
    text = (
        "[2020-01-01 10:00] One\n[1 May 2020 10:00] Two\n\n[2 May 2020 11:00] Three\n[a link] x\n"
    )
    found = list(read_journal(f"{text}[2020-01-02 10:00] Four\n[3 May 2020] Five\n"))
    assert [each.place for each in found if isinstance(each, Oddity)] == [
        "line 2",
        "line 4",
        "line 7",
    ]
    assert [each.place for each in found if isinstance(each, Draft)] == ["line 1", "line 6"]


def test_the_backslash_of_an_export_is_taken_away_where_one_is_put() -> None:
    """Never on the first line, which begins with the time."""
    text = "[2020-01-01 10:00] \\[2020-01-01 10:00] mine\n\\[2020-01-01 10:00] quoted\n\\[x]"
    assert drafts(text) == [("\\[2020-01-01 10:00] mine\n[2020-01-01 10:00] quoted\n\\[x]", False)]
