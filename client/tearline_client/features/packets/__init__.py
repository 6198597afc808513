"""Cooperation between agencies: one service for each use case."""
