"""Persons of the agency: sessions, and acting persons."""
