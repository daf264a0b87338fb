"""Which entries are meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaryclient.entries.entry import DiaryEntry
from diaryclient.entries.selection import Selection, parse_tag
from protocol.dayfile import Written
from protocol.errors import UsageError
from protocol.identifiers import EntryId
from protocol.stamp import Stamp
from tests.client.fakes import ALICE, START

TAGS = st.frozensets(st.sampled_from(["@a", "@b", "@c"]))


def entry(text: str, *, starred: bool = False) -> DiaryEntry:
    """Give an entry of alice's."""
    entry_id = EntryId.make(START, b"0123456789")
    return DiaryEntry(Written(Stamp(START, 480), entry_id, text, starred), ALICE)


@pytest.mark.parametrize(
    ("selection", "matches"),
    [
        (Selection(), True),
        (Selection(tagged=frozenset({"@work"})), True),
        (Selection(tagged=frozenset({"@work", "@other"})), True),
        (Selection(tagged=frozenset({"@work", "@other"}), wants_all=True), False),
        (Selection(tagged=frozenset({"@work", "@home"}), wants_all=True), True),
        (Selection(contains=("STRASSE", "nowhere")), True),
        (Selection(contains=("STRASSE", "nowhere"), wants_all=True), False),
        (Selection(contains=("天气",)), True),
        (Selection(contains=("cafe\u0301",)), True),
        (Selection(contains=("\uff37\uff2f\uff32\uff2b",)), True),
        (Selection(tagged=frozenset({"@strasse"})), True),
        (Selection(without=frozenset({"@strasse"})), False),
        (Selection(contains=("work",), starred=True), True),
        (Selection(contains=("nowhere",), starred=True), False),
        (Selection(starred=False), False),
        (Selection(has_tags=True), True),
        (Selection(has_tags=False), False),
        (Selection(without=frozenset({"@home"})), False),
        (Selection(tagged=frozenset({"@work"}), without=frozenset({"@done"})), True),
    ],
)
def test_conditions_of_different_kinds_must_all_hold(
    selection: Selection, *, matches: bool
) -> None:
    """Of one kind, one is enough unless all are wanted; case and composition do not matter."""
    text = "Straße @Work @home @Straße 今天天气 CAFÉ"
    assert selection.matches(entry(text, starred=True)) == matches


@given(TAGS, TAGS, TAGS, st.booleans())
def test_tags_are_sets(
    has: frozenset[str], tagged: frozenset[str], without: frozenset[str], wants_all: bool
) -> None:
    """Any or all of those that are wanted, none of those that are not."""
    selection = Selection(tagged=tagged, without=without, wants_all=wants_all)
    wanted = tagged <= has if wants_all else not tagged or bool(tagged & has)
    assert selection.matches(entry(" ".join(sorted(has)) or "none")) == (
        wanted and not without & has
    )
    assert selection.is_everything == (not tagged and not without)


@pytest.mark.parametrize(
    ("typed", "tag"),
    [
        ("@Work", "@work"),
        ("work", "@work"),
        ("公园", "@公园"),
        ("cafe\u0301", "@caf\xe9"),
        ("@Straße", "@strasse"),
        ("İstanbul", "@istanbul"),
    ],
)
def test_a_tag_may_be_typed_without_its_mark(typed: str, tag: str) -> None:
    """And in either case; accents as one character or as two."""
    assert parse_tag(typed, "--tagged") == tag


@pytest.mark.parametrize("typed", ["", "@", "two words", "@a@b", "-", "@a,"])
def test_what_can_be_no_tag_is_a_mistake(typed: str) -> None:
    """Else nothing would ever be found, and nobody told why."""
    with pytest.raises(UsageError, match="--tagged: a tag is written @word"):
        parse_tag(typed, "--tagged")
