"""Features, one folder each: its service, views, outbound statements and statement handlers."""
