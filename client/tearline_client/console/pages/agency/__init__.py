"""Pages on the agency itself: its persons, keys and policies, and the federation's members."""
