"""Erasures from the log, by order of a party."""
