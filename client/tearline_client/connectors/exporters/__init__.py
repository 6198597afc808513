"""Ways out of a node: views as files that other programs read."""
