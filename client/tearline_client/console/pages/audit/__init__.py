"""Pages of the audit: who saw a value, the exchange's log, statistics, and the own access log."""
