"""Power cuts at every system call: record, work out what may be left, restart, and check.

recording     what a process does to files, as the kernel saw it, as `events`
disks, files  which states a cut may leave of that; pure
places        a state put on a real file system again
actors        the operations that a record is of, and what each one promises
checking      a restart on a state, held against the promises
exploring     all of it for one scenario
biting        the same with a sync taken out, which must be noticed
"""
