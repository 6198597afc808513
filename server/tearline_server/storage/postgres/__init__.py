"""``Store`` on PostgreSQL: any number of exchange processes with one database."""
