-- Standings that changed what is suspended, by the entries of their statements: what stops the
-- clocks of requests. What an earlier version took is there whether or not it changed something.
CREATE TABLE standing_change (
  agreement BLOB NOT NULL, statement INTEGER NOT NULL, time_ms INTEGER NOT NULL,
  PRIMARY KEY (agreement, statement)
) STRICT, WITHOUT ROWID;
INSERT INTO standing_change SELECT e.agreement, s.idx, e.time_ms
  FROM statement s JOIN event e ON e.idx = s.idx WHERE s.type = 5 AND s.envelope IS NOT NULL;
-- Whether a request's clock was found to stand still for a suspension: it is looked at again when
-- something changes under its agreement.
ALTER TABLE request ADD COLUMN stopped INTEGER NOT NULL DEFAULT 0;
CREATE INDEX request_stopped ON request (agreement) WHERE stopped;
