"""Cosigning of the exchange's checkpoints."""
