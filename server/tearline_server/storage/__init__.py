"""What the exchange keeps: the questions asked of a store, and SQLite's answers."""
