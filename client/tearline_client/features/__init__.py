"""Features, one folder each: its service, views and statement handlers."""
