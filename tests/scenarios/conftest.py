"""The same federation as for attacks: three nodes and an exchange, founded and copied."""

from attacks.conftest import memory, quick, template, world

__all__ = ["memory", "quick", "template", "world"]
