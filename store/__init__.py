"""Everything that lasts: the ledger and what hangs on it, in one SQLite file."""
