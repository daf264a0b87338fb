"""Other diaries on their way into this one.

    finding       what a reader finds: entries, and what is odd about a source
    source        opens files, within bounds
    tree          finds the files below a folder, and never leaves it
    archive       takes the JSON files out of a zip
    records       reads JSON: our own and jrnl's
    journal       reads jrnl's text file
    day_one       reads what Day One exports
    file_names    what the names of a folder's files say
    front_matter  what a file's YAML head says
    sections      a file's headings, each an entry
    tagging       tags that stand beside a text
    folder        reads text files that are named by their day
    detection     the table of readers, and which of them a source is for
    planning      which entries will be sent, under which ids, and what was odd
    delivery      sends them and says what became of each
    document      reads the Markdown document that `export` writes
    fidelity      what of an export would not come back as it was

Rules: nothing of a source is dropped in silence: a reader gives everything as an entry or as an
oddity with its place. An entry's id is its own if it comes from one of our exports; else it is made
of its time and content, so that whoever imports the same source again adds nothing. A source may be
a stranger's: any bytes give findings or SourceError, with bounded memory and time, and what a link
in it says leads nowhere outside.
"""
