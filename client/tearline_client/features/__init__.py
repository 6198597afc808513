"""Features, one folder each: its service, its views and its outbound statements."""
