"""A packet: the document, and acts on it."""
