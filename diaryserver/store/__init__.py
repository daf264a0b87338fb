"""Diaries on disk: one plain log file a day and user, as `protocol.dayfile` describes it."""
