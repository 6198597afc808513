"""Packets, grants, corrections and recalls: signed types and plain data."""
