"""Counting words in every script."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaryclient.lookback.words import count_words

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
HAN = st.text(st.sampled_from("今天气很好公园散步乐龘𠀀〇々のカー"), max_size=30)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        (" \n\t ", 0),
        ("Walked along the river. @outside", 5),
        ("don't well-known 3.5 it’s e-mail a/b", 6),
        ("-- ... !? 👩‍👧 ☕", 0),
        ("今天天气很好", 6),
        ("今天，我们去了公园！", 8),
        ("今天 met Bob 在公园@公园", 9),
        ("日本語のテスト", 7),
        ("「コーヒー」を飲む", 7),
        ("안녕하세요 세계", 2),
        ("हिन्दी में लिखा", 3),
        ("one—two…three", 3),
        ("hello，world", 2),
        ("Привет, мир", 2),
        ("__init__ _", 1),
    ],
)
def test_words(text: str, words: int) -> None:
    """By spaces, and character by character where there are none."""
    assert count_words(text) == words


@given(TEXTS, TEXTS)
def test_a_space_parts_words(one: str, other: str) -> None:
    """Two texts with a blank between them have the words of both."""
    assert count_words(f"{one} {other}") == count_words(one) + count_words(other)
    assert count_words(f"{one}\n{other}") == count_words(one) + count_words(other)


@given(HAN, st.lists(st.sampled_from(" ，。！？「」、\n"), max_size=5))
def test_each_chinese_or_japanese_character_counts(text: str, marks: list[str]) -> None:
    """Punctuation and spaces around it change nothing."""
    assert count_words(text) == len(text)
    assert count_words("".join([*marks, text, *marks])) == len(text)


@given(TEXTS)
def test_no_more_words_than_letters_and_digits(text: str) -> None:
    """Nothing else makes a word, but an ideogram that is too new for this Python's tables."""
    letters = sum(unicodedata.category(each)[0] in "LN" for each in text)
    letters += sum(unicodedata.category(each) == "Cn" for each in text)
    assert count_words(text) <= letters
