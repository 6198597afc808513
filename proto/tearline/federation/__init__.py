"""Members of the federation, their key records and their cosignatures."""
