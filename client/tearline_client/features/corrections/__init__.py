"""Corrections of packets that were sent."""
