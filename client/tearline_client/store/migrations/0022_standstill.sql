-- The clocks of several requests may rest on one entry: that of a standing.
ALTER TABLE request_time RENAME TO request_time_before;
CREATE TABLE request_time (
  idx INTEGER NOT NULL, packet BLOB NOT NULL, peer TEXT NOT NULL,
  time_ms INTEGER NOT NULL, judged INTEGER NOT NULL,
  PRIMARY KEY (idx, packet, peer)
) STRICT, WITHOUT ROWID;
INSERT INTO request_time SELECT * FROM request_time_before;
DROP TABLE request_time_before;
-- Whether every standing between this one and the one kept before it said the same as both.
ALTER TABLE standing ADD COLUMN whole INTEGER NOT NULL DEFAULT 0;
-- Whether a step was found to follow: of the other side's when it came, of ours before it was sent.
ALTER TABLE request_step ADD COLUMN counted INTEGER NOT NULL DEFAULT 1;
