"""Consents to onward use."""
