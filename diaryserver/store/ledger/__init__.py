"""What must never be forgotten, apart from the files that people may move.

    ledger       what it promises, and its rows
    ledgerfile   where it lies, its tables, and how it is opened
    ledgerstamp  which ledger it is, and how far it has come

Rules: it lies beside the accounts, where nobody moves day files.
"""
