"""Handlers of accepted statements, by type."""
