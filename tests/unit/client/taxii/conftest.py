"""Every test of the TAXII server may work on a federation at rest."""

from attacks.conftest import memory, quick, template, world

__all__ = ["memory", "quick", "template", "world"]
