"""Pages of cases: members, acts, events, and the graph of what the packets of a case hold."""
