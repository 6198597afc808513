"""Onward use of received fields, and consents to it."""
