-- What is counted often is counted from indexes alone, however much was ever sent.
CREATE INDEX outbox_state ON outbox (state);
CREATE INDEX outbox_fault ON outbox (fault) WHERE fault != '';
