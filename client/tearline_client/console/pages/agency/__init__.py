"""Pages on the agency itself: its persons, keys and policies."""
