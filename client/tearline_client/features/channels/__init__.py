"""Channels: receipts, voids and marks."""
