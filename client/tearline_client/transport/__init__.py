"""The line to the exchange: calls, connections, and what waits on either side of them."""
