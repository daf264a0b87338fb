"""Prekeys: what logins are sealed to; in memory only, replaced hourly.

Once a prekey is forgotten, nobody can open a recorded login any more, whatever they steal from the
disk later.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from protocol.envelope import VERSION
from protocol.offer import Statement, prepare_offer, statement_id

PREKEY_LIFE_MILLISECONDS: Final = 3_600_000
OVERLAP_MILLISECONDS: Final = 300_000
"""A replaced prekey works five minutes longer, for logins that are just being typed."""


@dataclass(frozen=True, slots=True)
class Prekey:
    """A private key and the signed statement that offers it.

    `id` is the statement's, `prepared` what the offers of it have in common.
    """

    private: X25519PrivateKey
    statement: Statement
    signature: bytes
    id: bytes
    prepared: bytes


class Prekeys:
    """The current prekey and the one before it."""

    def __init__(
        self,
        identity: Ed25519PrivateKey,
        generate: Callable[[], X25519PrivateKey] = X25519PrivateKey.generate,
    ) -> None:
        """`generate` makes a fresh key; tests hand in known ones."""
        self._identity = identity
        self._generate = generate
        self._kept: list[Prekey] = []

    def current(self, now: int) -> Prekey:
        """Give the prekey to offer at `now` (ms), a new one if it is time."""
        self._forget(now)
        if not self._kept or not self._is_offered(self._kept[-1], now):
            self._kept.append(self._make(now))
        return self._kept[-1]

    def find(self, wanted: bytes, now: int) -> Prekey | None:
        """Give the prekey whose statement id is `wanted`, unless its time is over."""
        self._forget(now)
        for prekey in self._kept:
            if prekey.id == wanted:
                return prekey
        return None

    def _is_offered(self, prekey: Prekey, now: int) -> bool:
        age = now - prekey.statement.not_before
        return 0 <= age < PREKEY_LIFE_MILLISECONDS

    def _forget(self, now: int) -> None:
        # A clock set back must not keep a key alive: what starts in the future is dropped too.
        self._kept = [
            prekey
            for prekey in self._kept
            if prekey.statement.not_before <= now < prekey.statement.not_after
        ]

    def _make(self, now: int) -> Prekey:
        private = self._generate()
        statement = Statement(
            identity=self._identity.public_key().public_bytes_raw(),
            prekey=private.public_key().public_bytes_raw(),
            not_before=now,
            not_after=now + PREKEY_LIFE_MILLISECONDS + OVERLAP_MILLISECONDS,
            lowest=VERSION,
            highest=VERSION,
        )
        signature = self._identity.sign(statement.encode())
        prepared = prepare_offer(statement, signature)
        return Prekey(private, statement, signature, statement_id(statement), prepared)
