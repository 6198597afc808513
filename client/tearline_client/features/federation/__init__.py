"""Members, council and votes of the federation."""
