"""A temporary federation on loopback that shows what Tearline does, and proves it."""
