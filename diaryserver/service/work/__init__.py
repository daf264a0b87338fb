"""Who does what when, so that nobody waits for a disk or a hash.

    threads    where work goes that waits or burns a core
    turns      whose turn it is on a thread that everybody shares
    committer  appends, collected while the store writes, and handed over batch by batch
    slices     turns of a slice each, for all that looks into files

Rules: the event loop never waits.
"""
