"""The journal, and the ways from it into the day files.

    journal   durable first, with one sync for a batch
    records   what a segment holds; each finds its own damage (pure)
    writer    journal, then day files; checkpoints
    trailing  lines on their way from one to the other
    replay    the same way after a crash, or when a file could not follow
    healing   what a file must hold then (pure)

Rules: nothing is acknowledged before the journal's sync.
"""
