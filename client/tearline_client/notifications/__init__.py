"""Notifications of persons and programs."""
