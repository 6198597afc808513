"""Founding of a federation by its charter."""
