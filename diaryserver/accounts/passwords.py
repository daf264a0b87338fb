"""Passwords: Argon2id with a pepper that is not in the database."""

import os
from typing import Final

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

MEMORY_KIB: Final = 19_456
ITERATIONS: Final = 2
LANES: Final = 1
"""OWASP's first choice for Argon2id: 19 MiB, two passes; 31 to 49 ms on the machine it was
measured on."""

_SALT_BYTES: Final = 16
_HASH_BYTES: Final = 32


class Argon2Hasher:
    """Implements `service.ports.accounts.PasswordHasher`; releases the GIL while it works."""

    def __init__(self, pepper: bytes) -> None:
        """`pepper` is Argon2's secret input, 32 bytes."""
        self._pepper = pepper

    def hash(self, password: str) -> str:
        """Give the PHC string."""
        return Argon2id(
            salt=os.urandom(_SALT_BYTES),
            length=_HASH_BYTES,
            iterations=ITERATIONS,
            lanes=LANES,
            memory_cost=MEMORY_KIB,
            secret=self._pepper,
        ).derive_phc_encoded(password.encode())

    def is_password(self, hashed: str, password: str) -> bool:
        """Check in constant time."""
        try:
            Argon2id.verify_phc_encoded(password.encode(), hashed, secret=self._pepper)
        except InvalidKey:
            return False
        return True
