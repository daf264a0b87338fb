"""Diaries on disk: one plain log file a day and user, as `protocol.dayfile` describes it.

    files        the entry store: implements `service.ports.entries.EntryStore`
    deciding     what becomes of what a batch wants written: a line, or an answer
    clearing     days on their way into the archive and back
    searching    what matches, a bounded piece of work at a time
    compressing  days that are over become `DAY.log.gz`
    following    which days were changed lately
    quota        how much room diaries take up, and may
    ahead        entries stored before the time in their id had come
    failing      what a failing disk is to the log, to who asked, and to what is believed
    journal      durable first; then into the day files, also after a crash
    days         what is known of a day, and of the records in it
    disk         where the files are, and how they are opened and synced
    ledger       what must never be forgotten

Rules: called by one thread at a time; nothing is acknowledged before the journal's sync.
"""
