"""HTTP ports: the public log, health and metrics."""
