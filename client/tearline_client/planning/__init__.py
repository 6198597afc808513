"""Preparation before signing: entities, drafts, release plans, agreements and requests."""
