"""The diary's client: the command `diaryclient`, and `Diary` for Python programs.

    from diaryclient import Diary

The rooms, each of which may use those below it:

    process       from the start of the program to its exit status
    cli           one way in, one way out
    interrupts    what is said when Ctrl-C comes before a command can say anything
    commands      what people type, a module a command
    api           `Diary` for Python programs
    interactive   the prompt
    importing     other diaries on their way in
    lookback      figures, streaks, the map of a year
    health        what `doctor` looks at
    formats       every form in which entries leave the diary
    surroundings  what commands and programs find around them
    browsing      entries found, followed and copied
    login         how a login begins, lives and ends
    diary         what one does with a diary on a server
    asking        how a server is asked
    home          what lies in the person's home
    typed         what people type, and what they mean by it
    entries       entries as values
    files         files that are whole or absent
    screen        what reaches the screen
    errors        the client's leaves of the one tree
    clock         the one place that asks for the time

Rules: an entry is on this machine's disk before anything is sent, and leaves it only for a signed
OK. Time is asked in `diaryclient.clock` only; sockets are opened in `asking.link` and
`asking.plain_link` only. What `diaryclient write` needs is imported early, everything else where it
is used, and pydantic never: a prompt must not wait for imports. So the names below are imported
when they are asked for.
"""

from typing import TYPE_CHECKING

from protocol.lazy_names import find_lazily

if TYPE_CHECKING:
    from diaryclient.api import Diary, Receipt
    from diaryclient.diary.writer import Delivery
    from diaryclient.entries.entry import DiaryEntry
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

if not TYPE_CHECKING:
    __getattr__ = find_lazily(
        __name__,
        __all__,
        (
            "protocol.errors",
            "diaryclient.errors",
            "diaryclient.entries.entry",
            "diaryclient.diary.writer",
            "diaryclient.api",
        ),
    )
