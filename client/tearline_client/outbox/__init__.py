"""Outbox: sealed messages are stored, sent in order, and their outcomes recorded."""
