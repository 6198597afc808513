"""Pages about one request, and about a new one."""
