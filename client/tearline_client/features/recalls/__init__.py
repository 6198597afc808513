"""Recalls of packets."""
