"""Requests and replies under a token's keys: from a message to a datagram and back.

Rules: a request is sealed to the server, its reply to the client and to the tag of the very
datagram it answers; whoever opens a datagram has checked kind, suite and key id first.
"""

from protocol.envelope import SUITE, Envelope, Kind
from protocol.errors import MalformedError
from protocol.identifiers import EntryId
from protocol.keys import TokenKeys, open_sealed, seal
from protocol.messages.base import Refusal, Reply, Request
from protocol.messages.coding import encode_reply, encode_request


def seal_request(keys: TokenKeys, rid: EntryId, timestamp: int, request: Request) -> bytes:
    """Give the datagram that asks `request` under the id `rid`."""
    return seal_encoded_request(keys, rid, timestamp, encode_request(request))


def seal_encoded_request(keys: TokenKeys, rid: EntryId, timestamp: int, plaintext: bytes) -> bytes:
    """Give the same for a request's plaintext: each attempt is sealed anew, and encoded once."""
    return seal(keys.to_server, Kind.REQUEST, keys.kid, rid, timestamp, plaintext)


def seal_reply(
    keys: TokenKeys,
    request: Envelope,
    timestamp: int,
    answer: Reply | Refusal,
    *,
    renew: bool = False,
) -> bytes:
    """Give the datagram that answers the envelope `request`; `renew` hints at a renewal."""
    plaintext = encode_reply(answer, renew=renew)
    return seal(
        keys.to_client, Kind.REPLY, keys.kid, request.rid, timestamp, plaintext, request.tag
    )


def open_reply(keys: TokenKeys, envelope: Envelope, request_tag: bytes) -> bytes:
    """Give a reply's plaintext; raise MalformedError unless it answers that very datagram."""
    if envelope.kind is not Kind.REPLY or envelope.suite != SUITE or envelope.kid != keys.kid:
        raise MalformedError("not a reply to this token")
    return open_sealed(keys.to_client, envelope, request_tag)
