"""Suspensions of agreements."""
