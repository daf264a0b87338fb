"""Users, invites and tokens on disk: SQLite, and beside it the keys that it never holds."""
