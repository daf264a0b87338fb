"""What a text says about itself: title, body, tags."""

from typing import Literal
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaryclient.entries.entry import DiaryEntry, count_tags, find_tags, split_title
from protocol.dayfile import Written
from protocol.identifiers import EntryId
from protocol.stamp import Stamp
from tests.client.fakes import ALICE, START


def entry(text: str, *attributes: tuple[str, str]) -> DiaryEntry:
    """Give an entry of alice's."""
    entry_id = EntryId.make(START, b"0123456789")
    return DiaryEntry(Written(Stamp(START, 480), entry_id, text, attributes=attributes), ALICE)


@pytest.mark.parametrize(
    ("text", "title", "body"),
    [
        ("Met Bob.", "Met Bob.", ""),
        ("Met Bob. We talked.", "Met Bob.", "We talked."),
        ("Met Bob! Again?\nYes.", "Met Bob!", "Again?\nYes."),
        ("No end\nof a sentence. Here", "No end", "of a sentence. Here"),
        ('"Really?" he said. No.', '"Really?"', "he said. No."),
        ("Version 3.14 is out. Good.", "Version 3.14 is out.", "Good."),
        ("see example.org/a?b=c", "see example.org/a?b=c", ""),
        ("今天天气很好。去了公园。", "今天天气很好。", "去了公园。"),
        ("“好！”他说。", "“好！”", "他说。"),
        ("Walked. @outside", "Walked. @outside", ""),
        ("Walked. @outside @far\nHome.", "Walked. @outside @far", "Home."),
        ("Walked. @outside it was cold", "Walked.", "@outside it was cold"),
        ("\n \n  indented\n\n    code\n\n", "indented", "    code"),
        ("@only @tags", "@only @tags", ""),
        ("...", "...", ""),
        (" \n ", "", ""),
    ],
)
def test_the_title_is_the_first_sentence_or_line(text: str, title: str, body: str) -> None:
    """And the body is the rest."""
    assert split_title(text) == (title, body)


@given(st.text())
def test_no_letter_is_lost_between_title_and_body(text: str) -> None:
    """Only blank space is; a text that is not blank has a title of one line."""
    title, body = split_title(text)
    assert "".join(f"{title}{body}".split()) == "".join(text.split())
    assert "\n" not in title
    assert bool(title) == bool(text.strip())


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("Walked. @outside @Work", "@outside @Work"),
        ('(@a,@b) "@c": @d-e @f/g @h_i @c++ @c#', "@a @b @c @d-e @f/g @h_i @c++ @c#"),
        ("write to me@example.org or josé@example.org, a.b+c@d.org", ""),
        ("https://example.org/@someone", ""),
        ("@user@example.org", "@user"),
        ("去了公园@公园 散步，@天气。", "@公园 @天气"),
        ("散歩@こうえん、@犬", "@こうえん @犬"),
        ("@हिन्दी, @ไทยภาษา.", "@हिन्दी @ไทยภาษา"),
        ("@Ελλάδα; @עברית; @می\u200cخواهم", "@Ελλάδα @עברית @می\u200cخواهم"),
        ("@cafe\u0301!", "@cafe\u0301"),
        ("@ alone, @@twice, @- @! a@", ""),
        ("@end- @end/ @end.", "@end @end @end"),
    ],
)
def test_tags_are_words_of_any_script(text: str, tags: str) -> None:
    """An `@` inside an address makes none."""
    assert " ".join(tag for _, tag in find_tags(text)) == tags


@given(st.text())
def test_tags_stand_where_they_are_found(text: str) -> None:
    """Each is a piece of the text, begins with `@`, and has no blank space."""
    for place, tag in find_tags(text):
        assert text[place:].startswith(tag)
        assert tag[0] == "@"
        assert len(tag.split()) == 1


@given(st.text("ab@ .\n", max_size=30), st.text("ab", min_size=1, max_size=5))
def test_a_tag_after_a_space_is_found(before: str, word: str) -> None:
    """Whatever stands before it."""
    assert entry(f"{before} @{word}").tags[-1:] == (f"@{word}",) or f"@{word}" in entry(before).tags


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@given(
    text=st.text(
        st.characters(codec="utf-8")
        | st.sampled_from("@@@ae\xe9\u304c\u0301\u3099\u0939\u093f \ufa6c")
    )
)
def test_how_an_accent_was_typed_makes_no_difference(
    form: Literal["NFC", "NFD"], text: str
) -> None:
    """Neither in a tag nor in front of one, where it belongs to a letter."""
    other = entry(normalize(form, text))
    assert other.tags == entry(text).tags
    assert list(other.tag_forms) == list(entry(text).tag_forms)


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("write to jose\u0301@example.org", ()),
        ("\u304b\u3099@\u72ac", ("@\u72ac",)),
        ("\u2764\ufe0f@love", ("@love",)),
        ("\U000242ee@tag", ("@tag",)),
        ("@cafe\u0301 @CAF\xc9", ("@caf\xe9",)),
        ("@Stra\xdfe @STRASSE", ("@stra\xdfe",)),
        (
            "@\u039b\u039f\u0393\u039f\u03a3 @\u03bb\u03bf\u03b3\u03bf\u03c2",
            ("@\u03bb\u03bf\u03b3\u03bf\u03c2",),
        ),
        ("@\u0130stanbul @istanbul", ("@istanbul",)),
        ("@\uff30\uff23 @pc", ("@\uff50\uff43",)),
    ],
    ids=ascii,
)
def test_a_tag_is_shown_as_it_was_first_typed(text: str, tags: tuple[str, ...]) -> None:
    """In lower case and with composed letters; it is one tag however it is typed again."""
    assert entry(text).tags == tags


def test_tags_are_counted_by_entries() -> None:
    """Case does not matter, nor how often an entry repeats one; the most frequent come first."""
    entries = [entry("@b @B @a"), entry("@b"), entry("@c")]
    assert list(count_tags(entries).items()) == [("@b", 2), ("@a", 1), ("@c", 1)]


def test_a_tag_is_counted_however_it_is_spelled() -> None:
    """Under the most frequent spelling, in whatever order the entries come."""
    entries = [
        entry("@strasse"),
        entry("@Stra\xdfe @caf\xe9"),
        entry("@stra\xdfe @cafe\u0301 @STRASSE"),
    ]
    for order in (entries, entries[::-1]):
        assert list(count_tags(order).items()) == [("@stra\xdfe", 3), ("@caf\xe9", 2)]


def test_the_time_of_arrival_is_the_ids_unless_the_file_says_otherwise() -> None:
    """A hand-made attribute that is no time changes nothing."""
    assert entry("text").received_at == START
    assert entry("text", ("r", "2026-11-18T12:00:00.000+00:00")).received_at == 1_795_003_200_000
    assert entry("text", ("v", "udp"), ("r", "soon")).received_at == START
