"""Verification that needs the wire formats: trust, log entries, exhibits."""
