"""Joint cases and their members."""
