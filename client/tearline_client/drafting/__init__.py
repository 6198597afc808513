"""Drafts from files."""
