"""TAXII 2.1 at a node: its collections for programs of the agency."""
