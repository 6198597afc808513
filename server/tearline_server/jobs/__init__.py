"""Jobs that the exchange runs by itself."""
