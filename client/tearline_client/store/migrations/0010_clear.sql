-- Whoever opens the database reads every clear entry, of which there are few in millions.
CREATE INDEX log_entry_clear ON log_entry (idx) WHERE length(entry) <> 33;
