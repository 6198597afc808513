"""Pages of agreements: their terms, proposals, suspensions, and the proof of a silence."""
