"""The agency's own keys: where they lie, what certifies them, when they are replaced."""
