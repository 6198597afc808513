"""Large documents beside packets: their parts in files or objects, quotas and retention."""
