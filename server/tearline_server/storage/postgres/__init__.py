"""``Store`` on PostgreSQL: any number of exchange processes over one database."""
