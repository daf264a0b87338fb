"""The client's leaves of the tree in `protocol.errors`.

Rules: as there; where a person can do something about it, the message says what to type.
"""

from typing import Final

from protocol.address import Address
from protocol.errors import NOT_YET, DiaryError, MalformedError, RefusedError


def login_command(address: Address, user: str) -> str:
    """Give the command that logs in, safe to paste into a shell."""
    # Some shells take the brackets of an IPv6 address for a pattern.
    shown = f"'{address}'" if ":" in address.host else str(address)
    return f"diaryclient login {shown} {user}"


class NotLoggedInError(DiaryError):
    """There is no login that fits, or the server does not know it any more."""

    exit_status = 3


class LoginFileError(NotLoggedInError):
    """A login file is damaged, or others than its owner can read it."""


class DamagedLoginError(LoginFileError):
    """A login file holds no login."""


class IdentityChangedError(DiaryError):
    """The server shows another identity than the one trusted before; nothing was sent to it."""

    exit_status = 3


class UntrustedServerError(DiaryError):
    """Nobody confirmed the identity of a server met for the first time."""

    exit_status = 3


class ClocksDifferError(DiaryError):
    """The clock of this device and the server's are too far apart to log in."""


class UnknownHostError(DiaryError):
    """The name service knows no such host, or does not answer."""

    exit_status = 4


class UnreachableError(DiaryError):
    """Nothing that can be believed came back in time."""

    exit_status = 4


class NobodyListensError(UnreachableError):
    """The machine is there, and says that nothing listens at the port."""


class LostAnswerError(UnreachableError):
    """A credential was sent to a server that was there, and no answer came.

    Nobody knows whether it was taken.
    """


class SilentServerError(UnreachableError):
    """Nothing came back at all: the machine is off, or UDP is blocked on the way."""


class SlowServerError(UnreachableError):
    """The server is up and knows the login; the request may still be waiting in it."""


class QueuedError(DiaryError):
    """The entry is in the outbox and the server has not confirmed it: it may be stored or not.

    The same id is sent again later, so it can never be stored twice. `reason` is why, without the
    rest of the message.
    """

    exit_status = 5

    def __init__(self, message: str, reason: str = "") -> None:
        """Keep `reason` apart, for a program that says the rest in its own words."""
        super().__init__(message)
        self.reason = reason


class InterruptedWritingError(QueuedError):
    """Queued because the person did not want to wait for the answer."""

    exit_status = 130


class TextTooLongError(DiaryError):
    """The text has more bytes than an entry may have; nothing was sent."""

    exit_status = 6
    way_out: Final = "to write a file in pieces: split -C 256k FILE, then diaryclient write < PIECE"


class NoSuchEntryError(DiaryError):
    """No entry has an id with such an end."""

    exit_status = 7


class NoSuchTokenError(DiaryError):
    """The user has no token with such an id."""

    exit_status = 7


class NothingClearedError(DiaryError):
    """No cleared day has such a name, or nothing of it is missing."""

    exit_status = 7


class HeldElsewhereError(DiaryError):
    """Another diaryclient is using the entry, or replacing the login, just now."""


class ExportError(DiaryError):
    """A diary could not be copied to this machine; nothing was left behind."""


class SourceError(DiaryError):
    """What was to be imported cannot be read; nothing was imported."""


class IncompleteImportError(DiaryError):
    """Some of what was to be imported could not be; the message tells what, and where."""


class InterruptedImportError(DiaryError):
    """Ctrl-C during an import; the message tells how far it came."""

    exit_status = 130


class EditorError(DiaryError):
    """The editor could not be used, or left no text; the message says where a text stays."""


class InterruptedEditingError(EditorError):
    """Ctrl-C between the editor and the outbox."""

    exit_status = 130


class InterruptedReadingError(DiaryError):
    """Ctrl-C before the outbox had the text; the message says where the text is."""

    exit_status = 130


class InterruptedAfterwardsError(DiaryError):
    """Ctrl-C after the command's own work, while older entries were sent or the login renewed."""

    exit_status = 130


class InterruptedChangeError(DiaryError):
    """Ctrl-C while an entry was being changed: it may be or not."""

    exit_status = 130


class NotKeptError(DiaryError):
    """The outbox could not be written, so nothing was sent either."""


def is_open(error: DiaryError) -> bool:
    """Tell whether a request that failed so may have been carried out."""
    if isinstance(error, RefusedError):
        return error.code in NOT_YET
    # Malformed is an answer that is not understood.
    return isinstance(error, UnreachableError | MalformedError)
