"""What a failing disk is to the log, to whoever asked, and to what the store may still believe."""

from diaryserver.service.alarm import Alarm
from diaryserver.store.journal.writer import JournaledWriter
from protocol.errors import StorageError
from protocol.identifiers import Username


def storage_error(
    alarm: Alarm, writer: JournaledWriter, doing: str, user: Username, error: OSError
) -> StorageError:
    """Sound the alarm and give the error to answer with; `doing` is what failed, "writing" say."""
    writer.note_failure(error)
    alarm.failed(f"{doing} the diary of {user} failed: {error.strerror or error}")
    return StorageError(f"the server's disk: {error.strerror or 'not usable'}")
