"""Keys, certificates and armour: what holds or wraps key material."""
