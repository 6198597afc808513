"""Signed statements, the channels that order them, and receipts."""
