"""The diary's client: the command `diaryclient`, and `Diary` for Python programs.

    from diaryclient import Diary

Rules: an entry is on this machine's disk before anything is sent, and leaves it only for a signed
OK. Time is asked in `diaryclient.clock` only; sockets are opened in `link` and `plain_link` only.
What `diaryclient write` needs is imported early, everything else where it is used, and pydantic
never: a prompt must not wait for imports. So the names below are imported when they are asked for.
"""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from diaryclient.api import Diary, Receipt
    from diaryclient.diary import Delivery
    from diaryclient.entry import DiaryEntry
    from diaryclient.errors import (
        ExportError,
        IdentityChangedError,
        LoginFileError,
        NoSuchEntryError,
        NotKeptError,
        NotLoggedInError,
        TextTooLongError,
        UnknownHostError,
        UnreachableError,
    )
    from protocol.errors import (
        BusyError,
        DiaryError,
        MalformedError,
        QuotaError,
        RateError,
        RefusedError,
        ScopeError,
        StaleError,
        StorageError,
        TokenExpiredError,
        TokenRevokedError,
        UsageError,
    )

__version__ = "0.1.0"

__all__ = [
    "BusyError",
    "Delivery",
    "Diary",
    "DiaryEntry",
    "DiaryError",
    "ExportError",
    "IdentityChangedError",
    "LoginFileError",
    "MalformedError",
    "NoSuchEntryError",
    "NotKeptError",
    "NotLoggedInError",
    "QuotaError",
    "RateError",
    "Receipt",
    "RefusedError",
    "ScopeError",
    "StaleError",
    "StorageError",
    "TextTooLongError",
    "TokenExpiredError",
    "TokenRevokedError",
    "UnknownHostError",
    "UnreachableError",
    "UsageError",
    "__version__",
]

_HOMES: Final = (
    "diaryclient.api",
    "diaryclient.diary",
    "diaryclient.entry",
    "diaryclient.errors",
    "protocol.errors",
)
"""Where the names stand, the first that has one; `api` before `diary`, which has a Diary too."""

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Import what is asked for."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module  # noqa: PLC0415 - not for the command line

        found = next(home for home in map(import_module, _HOMES) if hasattr(home, name))
        return getattr(found, name)
