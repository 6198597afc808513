"""What the exchange asks of a database, and the databases that answer."""
