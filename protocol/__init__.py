"""The language that diaryserver and diaryclient speak: DIARY/1, described in docs/PROTOCOL.md.

    envelope     the fixed-width frame of every datagram, read at offsets
    keys         a token's four keys; sign, seal, open
    channel      requests and replies under a token's keys
    packing      strict msgpack
    fields       the types of fields, declared once for both sides
    messages     every message, its way to bytes and back, and the table of them all
    offer        HELLO and OFFER
    login        LOGIN and GRANT, and proofs of a token
    identity     fingerprints
    word         a few values as one word
    invite       an invite as such a word
    tokenword    a token as such a word
    secretline   a password, invite or token on a line
    dayfile      the grammar of a day's file, for the server's disk and every reader
    stamp        a moment on a wall clock, and how a day file writes it
    escaping     how a text keeps to its lines there
    identifiers  `Username`, `Day`, `EntryId`: types that cannot be unsafe
    address      where a server is
    amounts      bytes and entries as people read them
    errors       the one tree of errors: wire code and exit status of each
    lazy_names   names whose modules are imported when they are asked for
    caseless     the one form in which tags and searched texts are compared
    incoming     a text as a diary keeps it, out of what any door brought

Rules of this package: it is pure. Time and chance are arguments, never asked for; nothing here
opens a file or a socket, logs, or knows which side it runs on. Every decoder is total: any bytes
either parse or raise `protocol.errors.MalformedError`.
"""
