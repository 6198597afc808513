"""Connectors to files of other programs."""
