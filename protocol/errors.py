"""The one tree of errors, each with its exit status and, for a refusal, its code on the wire.

Rules: a message is one line that says what happened, what was kept and what to type next; it never
carries diary text, a password or a key. Exit statuses, the same for both programs: 1 error,
2 usage, 3 authentication, 4 unreachable, 5 queued, 6 refused, 7 not found.
"""

from enum import StrEnum
from typing import ClassVar, Final


class ErrorCode(StrEnum):
    """Every code a reply or a grant can carry; `OK` is success and has no error class."""

    OK = "OK"
    BADTIME = "BADTIME"
    EXPIRED = "EXPIRED"
    REVOKED = "REVOKED"
    SCOPE = "SCOPE"
    INVALID = "INVALID"
    CONFLICT = "CONFLICT"
    NOT_FOUND = "NOT_FOUND"
    STALE = "STALE"
    TOOBIG = "TOOBIG"
    QUOTA = "QUOTA"
    RATE = "RATE"
    BUSY = "BUSY"
    STORAGE = "STORAGE"
    DENIED = "DENIED"


class DiaryError(Exception):
    """Root of every error the project raises on purpose."""

    exit_status: ClassVar[int] = 1


class MalformedError(DiaryError):
    """Bytes or words that do not have the shape the protocol gives them."""


class UsageError(DiaryError):
    """The command line or a configuration is wrong; nothing was done."""

    exit_status = 2


class RefusedError(DiaryError):
    """The server understood a request and signed a refusal.

    `server_time` is the server's clock in ms since the epoch when it refused.
    """

    code: ClassVar[ErrorCode]
    explanation: ClassVar[str]
    exit_status = 6

    def __init__(self, note: str = "", server_time: int = 0) -> None:
        """Keep `note`, the server's own words: at most 120 bytes, no diary text."""
        super().__init__(note or self.explanation)
        self.note = note
        self.server_time = server_time


class BadTimeError(RefusedError):
    """The request's clock is more than 120 s from the server's."""

    code = ErrorCode.BADTIME
    explanation = "this device's clock and the server's differ by more than two minutes"


class TokenExpiredError(RefusedError):
    """The token's life is over; nothing was done."""

    code = ErrorCode.EXPIRED
    explanation = "this login has expired"
    exit_status = 3


class TokenRevokedError(RefusedError):
    """The token was revoked, or its user removed; nothing was done."""

    code = ErrorCode.REVOKED
    explanation = "this login was revoked"
    exit_status = 3


class ScopeError(RefusedError):
    """The token's scope does not cover the request; nothing was done."""

    code = ErrorCode.SCOPE
    explanation = "this login may not do that"
    exit_status = 3


class DeniedError(RefusedError):
    """A login was refused: unknown user, wrong password or spent invite look the same."""

    code = ErrorCode.DENIED
    explanation = "user, password or invite is not right"
    exit_status = 3


class InvalidRequestError(RefusedError):
    """A correctly signed request broke a bound of its message."""

    code = ErrorCode.INVALID
    explanation = "the server found the request malformed"


class ConflictError(RefusedError):
    """Another entry is stored under the same id."""

    code = ErrorCode.CONFLICT
    explanation = "another text is stored under the same id"


class NotFoundError(RefusedError):
    """The named day or entry does not exist."""

    code = ErrorCode.NOT_FOUND
    explanation = "there is no such day"
    exit_status = 7


class StaleError(RefusedError):
    """The day was cleared or changed since the caller looked at it."""

    code = ErrorCode.STALE
    explanation = "the day changed on the server meanwhile"


class TooBigError(RefusedError):
    """The text is longer than one request may carry."""

    code = ErrorCode.TOOBIG
    explanation = "the text is too long"


class QuotaError(RefusedError):
    """The user's room on the server is used up."""

    code = ErrorCode.QUOTA
    explanation = "the diary's room on the server is used up"


class RateError(RefusedError):
    """Too many requests in too short a time."""

    code = ErrorCode.RATE
    explanation = "too many attempts; wait a little"


class BusyError(RefusedError):
    """The server has more work than room; retry the same id."""

    code = ErrorCode.BUSY
    explanation = "the server is busy"


class StorageError(RefusedError):
    """The server's disk failed: the outcome is unknown; retry the same id, never a new one."""

    code = ErrorCode.STORAGE
    explanation = "the server could not write to its disk"


REFUSALS: Final[dict[ErrorCode, type[RefusedError]]] = {
    error.code: error
    for error in (
        BadTimeError,
        TokenExpiredError,
        TokenRevokedError,
        ScopeError,
        DeniedError,
        InvalidRequestError,
        ConflictError,
        NotFoundError,
        StaleError,
        TooBigError,
        QuotaError,
        RateError,
        BusyError,
        StorageError,
    )
}
"""Code to error class; complete for every code but OK."""

NOT_YET: Final = frozenset({ErrorCode.BUSY, ErrorCode.STORAGE})
"""Codes after which the same id is sent again: the outcome is unknown or not decided."""
