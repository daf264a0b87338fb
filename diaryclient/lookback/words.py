"""Counts words in every script.

Rules: a run of letters, digits and what joins them (`don't`, `well-known`, `3.5`, `@work`) is one
word; in Chinese and Japanese, which are written without spaces, each character is one, as word
processors count them. Punctuation and emoji alone are none. A script that has neither spaces nor
such characters, as Thai, counts by the spaces that there are.
"""

import re
from typing import Final

_IDEOGRAMS: Final = (
    "\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9d\U00020000-\U000323af"
)
"""Han and kana, without the marks that stand beside them."""

_SEPARATORS: Final = (
    "\u200b\u2013-\u2015\u2026\u3001-\u3003\u3008-\u3020\u3030\u30fb"
    "\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"
)
"""What parts words without a space: dashes, and the punctuation of East Asia."""

_WORD: Final = re.compile(rf"[{_IDEOGRAMS}]|[^\W_{_IDEOGRAMS}][^\s{_SEPARATORS}{_IDEOGRAMS}]*")


def count_words(text: str) -> int:
    """Give how many words a text has."""
    return sum(1 for _ in _WORD.finditer(text))
