"""Messages of a node: composed, received and sent again."""
