"""Looking after the data: verify and repair it, back it up, restore it, bring back what is aside.

    upkeep         what all of this asks of whoever owns the data
    verify         looks the whole data folder over
    repair         mends what is provably wrong and provably mended
    faults         what can be wrong, as values
    accountfaults  what is, with the accounts and keys
    diaryfaults    with one diary
    dayfaults      inside a day file (pure)
    ledgerfaults   with the ledger
    permissions    who may read the data
    layout         which names belong where
    opening        opens what is only looked at or copied
    databases      looks into SQLite's files, beside a server that writes them
    backup         a consistent copy while the server serves
    restore        a copy put back, where no data is
    copying        copies of files that stay
    checksums      `SHA256SUMS`
    recovery       what was set aside comes back
    pastmonths     compresses past months while the server serves
    ledgerstamps   whether the ledger is the one that the accounts know

What only looks creates nothing and may run beside a server. What changes a diary goes through its
store, or holds the data lock.
"""
