"""``Store`` on SQLite: one exchange process with one file."""
