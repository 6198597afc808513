"""Large documents: sealed in parts beside a packet, described by one of its fields."""
