"""Decisions of persons: stored first, carried out after."""
