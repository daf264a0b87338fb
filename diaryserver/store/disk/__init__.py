"""Where the files are, and how they are opened and synced; all else asks here.

    disk           the few system calls that durability hangs on
    user_folder    where a diary's files are, and the only code that opens them
    diary_folders  the folders of all diaries: made, moved, deleted
    texts          days as text, compressed or not, and the last ones kept
    gzipped        a day's text in gzip
    plainness      a compressed day made plain again
    looking        how much may be looked into in a call, and what is looked at meanwhile

Rules: a file is opened below its folder's descriptor. A day lies in `DAY.log` or in `DAY.log.gz`;
whoever reads one asks `UserFolder.read_day`. Only plain files are appended to, moved and replayed
into; `plainness` makes a day plain before, `store.compressing` goes the other way.
"""
