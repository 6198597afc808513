"""``Store`` on SQLite: one exchange process over one file."""
