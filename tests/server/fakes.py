"""What stands in for the world in tests of the server: a clock, chance, and a password hasher."""

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from diaryserver.service.ports.accounts import UNUSED_LIFE_MILLISECONDS, Token, User
from protocol.envelope import SUITE
from protocol.identifiers import EntryId
from protocol.stamp import Stamp

NOON: Final = 1_795_348_800_000
"""2026-11-22T12:00:00Z, when these tests happen unless they say otherwise."""


@dataclass
class FrozenClock:
    """Stands still until a test moves it."""

    wall: int = NOON
    steady: float = 1000.0
    offset: int = 0

    def now(self) -> int:
        """As Clock."""
        return self.wall

    def monotonic(self) -> float:
        """As Clock."""
        return self.steady

    def local_offset(self, moment: int) -> int:  # noqa: ARG002 - always the same zone
        """As Clock."""
        return self.offset

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.wall += round(seconds * 1000)
        self.steady += seconds


@dataclass
class FakeHasher:
    """Hashes at once; counts, and remembers what it was asked to compare."""

    hashed: int = 0
    compared: list[tuple[str, str]] = field(default_factory=list)

    def hash(self, password: str) -> str:
        """As PasswordHasher."""
        self.hashed += 1
        return f"hash of {password}"

    def is_password(self, hashed: str, password: str) -> bool:
        """As PasswordHasher."""
        self.compared.append((hashed, password))
        return hashed == f"hash of {password}"


class SlowHasher(FakeHasher):
    """Keeps a thread busy with the password "slow" until told otherwise."""

    def __init__(self) -> None:
        """`begun` is set when it compares "slow", which goes on when `free` is set."""
        super().__init__()
        self.begun = threading.Event()
        self.free = threading.Event()

    def is_password(self, hashed: str, password: str) -> bool:
        """As PasswordHasher."""
        if password == "slow":
            self.begun.set()
            assert self.free.wait(20)
        return super().is_password(hashed, password)


def seeded(seed: int = 1) -> Callable[[int], bytes]:
    """Chance that repeats."""
    return random.Random(seed).randbytes


_ids = seeded(7)


def new_id(now: int = NOON) -> EntryId:
    """Give an id that no other test has."""
    return EntryId.make(now, _ids(10))


def stamp(now: int = NOON, off: int = 0) -> Stamp:
    """Give a moment on a wall clock."""
    return Stamp(now, off)


def token_of(user: User, number: int = 1, generation: int = 1, expires: int = 0) -> Token:
    """Give a token to mint."""
    return Token(
        kid=number.to_bytes(8, "big"),
        uid=user.uid,
        user=user.name,
        salt=number.to_bytes(32, "big"),
        generation=generation,
        suite=SUITE,
        scopes="full",
        label="laptop",
        created=NOON,
        expires=expires,
        used=0,
        revoked=0,
        id=number.to_bytes(8, "big"),
        authenticated=NOON,
        life=expires and expires - NOON,
        fixed=False,
        deadline=NOON + UNUSED_LIFE_MILLISECONDS,
        predecessor=b"",
        superseded=0,
    )
