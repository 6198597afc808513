"""The node as a service: daemon, jobs, health, metrics, backup and benchmark."""
