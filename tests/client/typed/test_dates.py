"""Days in the words of many languages, and what is refused."""

import sys

import pytest

from diaryclient.typed.dates import LANGUAGES, parse_day
from protocol.errors import UsageError
from protocol.identifiers import Day

TODAY = Day("2026-11-25")
YESTERDAY = {
    "en": "1 day ago",
    "zh": "1天前",
    "es": "ayer",
    "fr": "hier",
    "de": "gestern",
    "it": "ieri",
    "ja": "昨日",
    "nl": "gisteren",
    "pt": "ontem",
    "ru": "вчера",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_day_has_words_in_each_language(language: str) -> None:
    """However the machine is set."""
    assert parse_day(YESTERDAY[language], "--on", TODAY) == "2026-11-24"


def test_a_word_that_is_none_is_refused_before_every_language_is_loaded() -> None:
    """To load them all takes seconds: only those that are promised are looked into."""
    with pytest.raises(UsageError, match="--on: a day is written YYYY-MM-DD, or in words"):
        parse_day("yestreday", "--on", TODAY)
    folder = "dateparser.data.date_translation_data."
    assert {each.removeprefix(folder) for each in sys.modules if each.startswith(folder)} == set(
        LANGUAGES
    )
