"""Logs and metrics of the exchange."""
