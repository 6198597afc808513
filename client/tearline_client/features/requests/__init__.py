"""Requests for records."""
