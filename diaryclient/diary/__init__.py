"""What one does with a diary on a server, in words of entries and days.

Writing, up to the server's OK:

    writer   all that writing needs, and what `diaryclient write` imports
    sending  from the outbox to the server
    keeping  from a text to an entry in the outbox, and on

Reading and changing:

    open_diary  `writer`, and all that is below
    reading     days, piece by piece, and the entries in them
    searching   what the server finds, as it stands now
    changing    amend, remove, and take that back
    batching    many entries at once
    archiving   days that were cleared
    fates       who may change entries, and what is told when the outcome is open
    room        how much room the diary has, in words and as JSON

Rules: what `diaryclient write` runs imports nothing of the second part.
"""
