"""Storage of the exchange: the store's interface, its queries, and the rows they return."""
