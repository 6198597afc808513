"""Settings of a node: their definitions."""
