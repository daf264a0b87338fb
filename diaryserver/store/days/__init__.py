"""What is known of a day, and of the records in it.

    daystate      its generation, its size, its ids
    cache         the days known by heart
    dayids        the newest ids of a day
    pieces        a file's records and foreign lines, each with its bytes
    written_form  what a writing looks like in a file, and whether it is there
    contents      what a record says, as a digest
    archives      what the names of cleared days say
    aside         what of a day is no longer in its file

Rules: what stands in a day's file is true, whatever is remembered of it.
"""
