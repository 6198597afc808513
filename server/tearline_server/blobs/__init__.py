"""Large documents beside packets: their parts in files, quotas and retention."""
