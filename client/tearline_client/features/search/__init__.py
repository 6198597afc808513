"""Search over the node's packets."""
