"""Ingest: commands wait for the one writer and are committed in batches."""
