-- Openings in the order of the log, as they come: by a hash each took a page of its own overflow.
CREATE TABLE log_opening_by_place (
  idx INTEGER PRIMARY KEY, event_id BLOB NOT NULL UNIQUE, statement_id BLOB NOT NULL,
  sealed BLOB NOT NULL
) STRICT;
INSERT INTO log_opening_by_place
  SELECT idx, event_id, statement_id, sealed FROM log_opening ORDER BY idx;
DROP TABLE log_opening;
ALTER TABLE log_opening_by_place RENAME TO log_opening;
CREATE INDEX log_opening_statement ON log_opening (statement_id);
