-- Grants of ours in the order in which they were made, apart from partners' grants.
CREATE INDEX packet_grant_own ON packet_grant (incoming) WHERE incoming = 0;
