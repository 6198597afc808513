-- Requests for records, each in one holder's mailbox; due_ms: when an answer will be overdue,
-- overdue_ms: the last such time of which the log says that it passed.
CREATE TABLE request (
  packet BLOB NOT NULL, holder TEXT NOT NULL, asker TEXT NOT NULL,
  agreement BLOB NOT NULL, version INTEGER NOT NULL,
  granted_ms INTEGER NOT NULL, stored_ms INTEGER, due_ms INTEGER, overdue_ms INTEGER,
  PRIMARY KEY (packet, holder)
) STRICT, WITHOUT ROWID;
CREATE INDEX request_due ON request (due_ms) WHERE due_ms IS NOT NULL;
-- Their steps, by the entry of each step's statement.
CREATE TABLE request_step (
  statement INTEGER PRIMARY KEY, packet BLOB NOT NULL, holder TEXT NOT NULL, time_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX request_step_of ON request_step (packet, holder);
