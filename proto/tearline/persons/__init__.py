"""Persons of an agency: tokens, roles and four eyes."""
