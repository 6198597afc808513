-- Cases of ours of which something may have to be said; and steps of ours that came back, because
-- the key they were sealed to had ended.
ALTER TABLE case_file ADD COLUMN due INTEGER NOT NULL DEFAULT 1;
CREATE INDEX case_file_due ON case_file (id) WHERE due;
ALTER TABLE case_step ADD COLUMN returned INTEGER NOT NULL DEFAULT 0;
CREATE INDEX case_step_returned ON case_step (statement) WHERE returned;
-- The case that a packet's manifest names, empty for none: an index, brought up to date when asked.
CREATE TABLE filed (packet BLOB PRIMARY KEY, case_id BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX filed_case ON filed (case_id) WHERE case_id <> x'';
