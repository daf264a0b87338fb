"""What a client asks a server that is silent to a request: who it is, whether it knows the token.

Pure, as `diaryclient.asking.exchange`. HELLO asks the first; its OFFER tells the identity, and that
the server is up. A probe asks the second: a request that claims to be an hour old. Whoever knows
the token refuses it with a signed BADTIME before anything waits for a disk, so a server that
answers probes is only slow, and one that answers HELLO and no probe does not know the token.

Rules: a request that waits in the server is no proof of anything, however long it waits: only
probes are. A probe can never be carried out.
"""

from typing import Final

from diaryclient.clock import Instant
from diaryclient.errors import (
    IdentityChangedError,
    NotLoggedInError,
    SilentServerError,
    SlowServerError,
    login_command,
)
from diaryclient.home.logins import Login
from protocol.channel import open_reply, seal_request
from protocol.envelope import TAG_BYTES, VERSION, Envelope
from protocol.errors import DiaryError, ErrorCode, MalformedError
from protocol.identifiers import EntryId
from protocol.identity import fingerprint
from protocol.keys import TokenKeys
from protocol.messages.account import Ping
from protocol.messages.base import Refusal
from protocol.messages.coding import decode_reply
from protocol.offer import Hello, decode_offer, encode_hello, verify_offer

ENOUGH_UNANSWERED: Final = 6
"""Probes that a server must leave unanswered while it is known to be up, before it is said not to
know the login. Where three of ten datagrams are lost each way, one in sixty such series is bad luck
only, and with the requests beside them and what the patience leaves, one in thousands."""

PROBE_AGE: Final = 3_600_000
"""In ms, thirty times what the protocol allows two clocks to differ."""

_ENDED: Final = frozenset({ErrorCode.REVOKED, ErrorCode.EXPIRED})


class Enquiry:
    """The HELLO and probes beside an unanswered request, and what their answers tell of the server.

    `is_up`: the pinned identity answered. `is_known`: the server answered under the token.
    """

    def __init__(self, login: Login, keys: TokenKeys, rid: EntryId) -> None:
        """Ask under the request's id, so that the answers find their way."""
        self.is_up = False
        self.is_known = False
        self._login = login
        self._keys = keys
        self._rid = rid
        self._shown: str | None = None
        self._probes: dict[bytes, Instant] = {}

    @property
    def wants_probe(self) -> bool:
        """Whether a probe can tell something that is not known yet."""
        return self.is_up and not self.is_known

    def hello(self, now: Instant, nonce: bytes) -> bytes:
        """Give the HELLO."""
        return encode_hello(
            self._rid, now.wall + self._login.offset, Hello(nonce, VERSION, VERSION)
        )

    def probe(self, now: Instant) -> bytes:
        """Give a probe, each with a tag of its own."""
        # A probe more is a millisecond younger: two of one moment would be one datagram.
        timestamp = now.wall + self._login.offset - PROBE_AGE + len(self._probes)
        datagram = seal_request(self._keys, self._rid, timestamp, Ping())
        self._probes[datagram[-TAG_BYTES:]] = now
        return datagram

    def receive_offer(self, envelope: Envelope) -> bool:
        """Take an OFFER in; tell whether the pinned identity signed it."""
        try:
            offer = decode_offer(envelope)
            verify_offer(offer)
        except MalformedError:
            return False
        shown = fingerprint(offer.statement.identity)
        is_pinned = shown == self._login.fingerprint
        if is_pinned or self._shown is None:
            self._shown = shown
        self.is_up |= is_pinned
        return is_pinned

    def receive_reply(self, envelope: Envelope) -> tuple[Instant, DiaryError | None] | None:
        """Take the answer to a probe in; None if it is none.

        Give when that probe was sent, and the refusal that ends the request too, if it is one.
        """
        for tag, sent in self._probes.items():
            try:
                plaintext = open_reply(self._keys, envelope, tag)
                answer = decode_reply(Ping.reply, plaintext)
            except MalformedError:
                continue
            self.is_known = True
            if isinstance(answer, Refusal) and answer.code in _ENDED:
                return sent, answer.error()
            return sent, None
        return None

    def verdict(self, patience: float) -> DiaryError:
        """Say what it means that the request was not answered within its patience, in seconds."""
        address = self._login.address
        if self._shown and not self.is_up:
            return IdentityChangedError(
                f"{address} answers under another identity, {self._shown}, than the trusted "
                f"{self._login.fingerprint}; if its operator confirms that, {self._way_to_trust()}"
            )
        if self.is_known:
            return SlowServerError(
                f"{address} is up and knows this login, but is slow: no answer within "
                f"{patience:.0f} seconds"
            )
        if self.is_up and len(self._probes) >= ENOUGH_UNANSWERED:
            return NotLoggedInError(
                f"{address} answers but does not know this login; {self._login.way_out}"
            )
        return SilentServerError(f"no answer from {address} within {patience:.0f} seconds")

    def _way_to_trust(self) -> str:
        if not self._login.is_stored:
            return self._login.way_out
        command = login_command(self._login.address, self._login.user)
        return f"type: {command} --fingerprint {self._shown}"
