"""The dataclass of all values that are passed around."""
