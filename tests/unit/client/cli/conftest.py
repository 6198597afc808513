"""Every test of a command may run it at a desk."""

from support.cli import desk, quick, rested

__all__ = ["desk", "quick", "rested"]
