"""Agreements and proposals."""
