"""Persons of the agency: sessions, and who acts."""
