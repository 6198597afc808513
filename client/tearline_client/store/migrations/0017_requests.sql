-- Requests for records, ours and partners'; their steps; and the log's times that they rest on.
CREATE TABLE request (
  packet BLOB NOT NULL, peer TEXT NOT NULL, side TEXT NOT NULL,
  granted_ms INTEGER NOT NULL, stored_ms INTEGER,
  PRIMARY KEY (packet, peer)
) STRICT;
CREATE TABLE request_step (
  statement_id BLOB PRIMARY KEY, packet BLOB NOT NULL, peer TEXT NOT NULL, side TEXT NOT NULL,
  idx INTEGER, time_ms INTEGER, sealed BLOB NOT NULL, note BLOB, code TEXT NOT NULL
) STRICT;
CREATE INDEX request_step_of ON request_step (packet, peer);
CREATE TABLE request_time (
  idx INTEGER PRIMARY KEY, packet BLOB NOT NULL, peer TEXT NOT NULL,
  time_ms INTEGER NOT NULL, judged INTEGER NOT NULL
) STRICT;
-- When checkpoints of each size were seen here, first and last, by our own clock.
CREATE TABLE checkpoint_seen (
  size INTEGER PRIMARY KEY, first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL
) STRICT;
