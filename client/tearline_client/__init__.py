"""The agency: its node, its keys, its command line."""
