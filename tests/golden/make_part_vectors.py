"""Writes the byte vectors of requests that go in parts into `v1/`, as `make_vectors` does.

python tests/golden/make_part_vectors.py
"""

from functools import partial
from typing import Final

from protocol.messages.base import Reply, Request
from protocol.messages.changes import Amend, Changed, version_of
from protocol.messages.coding import encode_reply, encode_request
from protocol.messages.parts import Received, bitmap_of, cut
from protocol.messages.writing import Put, Stored
from tests.golden.make_vectors import (
    NOW,
    TODAY,
    entry_id,
    numbered_replies,
    numbered_requests,
    write,
)

FIRST: Final = 240
"""The number of the first id; `make_archive_vectors` has those below."""

PUT: Final = Put(NOW, 480, "今天天气很好。\n" * 90 + "@weather", star=True)
AMEND: Final = Amend(TODAY, entry_id(1), version_of(entry_id(1)), 480, "x" * 9000, star=False)


_CUT: Final = {
    "put": cut(entry_id(2), encode_request(PUT)),
    "amend": cut(entry_id(3), encode_request(AMEND)),
}


def _part(whole: str, number: int) -> dict[str, Request]:
    return {f"part_of_{whole}_{number}": _CUT[whole][number]}


REQUESTS: Final = (
    _part("put", 0) | _part("put", 1) | _part("put", 2) | _part("amend", 0) | _part("amend", 9)
)
REPLIES: Final[dict[str, tuple[str, Reply]]] = {
    "part_received": ("part_of_put_1", Received(bitmap_of({1}, 3), b"")),
    "part_received_of_ten": ("part_of_amend_9", Received(bitmap_of({0, 3, 9}, 10), b"")),
    "part_was_the_last": ("part_of_put_2", Received(b"", encode_reply(Stored(TODAY, dup=False)))),
    "part_of_what_is_done": (
        "part_of_amend_0",
        Received(b"", encode_reply(Changed(version_of(entry_id(3)), dup=True))),
    ),
}


if __name__ == "__main__":
    write(
        {
            "part_requests": partial(numbered_requests, FIRST, REQUESTS),
            "part_replies": partial(numbered_replies, FIRST, REQUESTS, REPLIES),
        }
    )
