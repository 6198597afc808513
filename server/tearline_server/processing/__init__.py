"""Judging of publications: from a batch of statements to the writes of one transaction."""
