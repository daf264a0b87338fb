"""The plain text of the tutorial from which the diary grew, by UDP and TCP.

    plain      who may speak it, whose diary they write, what they get back
    dialect    its words, byte for byte
    encodings  which encoding a text is in
    foreign    what opens like another protocol is no text

Rules: what the tutorial's own clients understand never changes.
"""
