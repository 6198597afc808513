"""Audit searches over the log."""
