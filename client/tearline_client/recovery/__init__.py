"""Recovery of a node after a restore, on either side."""
