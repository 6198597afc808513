"""What the exchange keeps: the questions asked of a store, and the rows they are about."""
