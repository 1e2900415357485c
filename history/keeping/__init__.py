"""The store: one SQLite file, its tables by version, the statements that write into it."""
