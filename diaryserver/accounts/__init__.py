"""Users, invites and tokens on disk: SQLite, and beside it the keys that it never holds.

    database     the account store: implements `service.ports.accounts.AccountStore`
    schema       its tables and migrations
    connection   its transactions
    usertable    users and their passwords
    invitetable  invites: the one that counts, and the last that ended
    tokentable   tokens, and what a request needs of them in memory
    lastuses     when and from where each was used last
    changetable  who repeats a request hears what came of it first
    throttles    what throttles and trust must not forget
    passwords    Argon2id, with a pepper that is not in the database
    keyfiles     the server's secrets, a file each
    generations  which master keys there are, and when an old one is destroyed
    knownledger  which ledger lies beside these accounts, as they saw it last

Rules: a change is durable as a whole, or not made.
"""
