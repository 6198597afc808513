"""The agency's own keys: their storage, certificates and rotation."""
