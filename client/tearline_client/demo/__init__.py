"""Demonstration with real processes: an exchange and three agencies that do not trust it."""
