"""The server program's own errors: leaves of the one tree in `protocol.errors`."""

from protocol.errors import DiaryError


class ConfigurationError(DiaryError):
    """The configuration has mistakes; one line each. Nothing was created."""

    exit_status = 2


class DataError(DiaryError):
    """The data folder cannot be used as it is; the message says what to do."""


class FaultsFoundError(DiaryError):
    """Verify found faults, and has said which; the message counts them."""


class ListenError(DiaryError):
    """An address cannot be bound."""
