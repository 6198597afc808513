"""Events of the log, audit queries and exports, erasure and retention."""
