"""Other diaries on their way into this one.

    finding       what a reader finds: entries, and what is odd about a source
    source        files and their bounds
    records, journal, day_one, folder     the readers, one a module
    detection     the table of readers, and which of them a source is for
    planning      which entries will be sent, under which ids, and what was odd
    delivery      sends them and says what became of each

Rules: nothing of a source is dropped in silence: a reader gives everything as an entry or as an
oddity with its place. An entry's id is its own if it comes from one of our exports; else it is made
of its time and content, so that whoever imports the same source again adds nothing.
"""
