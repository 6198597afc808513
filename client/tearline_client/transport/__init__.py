"""Connection to the exchange: calls, connections, and the messages on both sides of them."""
