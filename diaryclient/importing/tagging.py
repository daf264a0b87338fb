"""Tags that stand beside a text where it comes from, and in it here.

Rules: pure. `two words` becomes `@two_words`; a tag that the text has already is not added.
"""

import re
from collections.abc import Iterable
from typing import Final

from diaryclient.entries.entry import find_tags
from protocol.caseless import caseless

_NO_TAG: Final = re.compile(r"[^\w+#/-]+")
UNUSABLE: Final = "with a tag that can be none here, which is left out"


def usable_tags(names: Iterable[object]) -> tuple[list[str], bool]:
    """Give names as tags, `@` included, and whether there was one that can be none."""
    words = [name.strip() if isinstance(name, str) else "" for name in names]
    tags = ["@" + _NO_TAG.sub("_", word).strip("#_-/") for word in words]
    usable = [tag for tag in tags if [found for _, found in find_tags(tag)] == [tag]]
    return usable, len(usable) < len(tags)


def tagged(text: str, tags: Iterable[str]) -> str:
    """Give the text with the tags that it has not, as a last line."""
    present = {caseless(tag) for _, tag in find_tags(text)}
    missing = " ".join(dict.fromkeys(tag for tag in tags if caseless(tag) not in present))
    if not text or not missing:
        return text or missing
    return f"{text}\n{missing}"
