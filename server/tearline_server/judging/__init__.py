"""Judging what nodes publish: from a batch of statements to what one transaction writes."""
