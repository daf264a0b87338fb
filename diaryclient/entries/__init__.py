"""Entries as values: what one is, what it was, which are meant. Nothing is asked or opened.

    entry      title, body, tags, star, and its two times
    histories  every version that an entry had
    selection  which are meant: by text, tags and star
    endings    which is meant: by the end of its id

Rules: pure.
"""
