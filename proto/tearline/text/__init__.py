"""Text that people read: names to choose from, and characters made visible."""
