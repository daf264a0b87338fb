"""Entries found, followed and copied, in the order in which people want them.

    browsing   finds the entries that a person asks for
    spans      from one day or moment to another
    news       what is new in a day to who looks at it (pure)
    watching   what is written or changed from now on, on whatever day
    exporting  all day files, byte for byte

Rules: nothing is printed here.
"""
