"""Pads requests that read, so that no answer is more than three times as long as its request."""

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from protocol.messages.base import PADDED_PLAINTEXT
from protocol.messages.coding import encode_request

if TYPE_CHECKING:
    from protocol.messages.account import Tokens
    from protocol.messages.archive import Archives
    from protocol.messages.diary import Days, Read
    from protocol.messages.finding import Search
    from protocol.messages.following import Tail

Padded = TypeVar("Padded", bound="Archives | Days | Read | Search | Tail | Tokens")


def padded(request: Padded) -> Padded:
    """Pad a reading request so that its datagram has 400 bytes, or 401.

    A pad of 256 bytes and more takes one more byte for its length in msgpack. A request that is
    longer by itself, as one with many words to search for, needs none.
    """
    bare = replace(request, pad=b"")
    return replace(bare, pad=bytes(max(0, PADDED_PLAINTEXT - len(encode_request(bare)))))
