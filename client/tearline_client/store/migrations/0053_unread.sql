-- The grants of partners that no person here has seen, in the order in which they came.
CREATE INDEX packet_grant_unread ON packet_grant (incoming) WHERE incoming = 1 AND status < 4;
