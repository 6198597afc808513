"""Agreements, their comparison and proposals."""
