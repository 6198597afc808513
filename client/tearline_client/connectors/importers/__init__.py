"""Ways into a node: files of other programs become drafts, and nothing is dropped silently."""
