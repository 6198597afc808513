"""Recovery after a restore: positions compared with nodes, and waiting for them."""
