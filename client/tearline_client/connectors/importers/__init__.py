"""Importers: make drafts from files of other programs, and report every doubtful value."""
