"""Programs work on the same federation at rest as commands do."""

from support.cli import desk, quick, rested

__all__ = ["desk", "quick", "rested"]
