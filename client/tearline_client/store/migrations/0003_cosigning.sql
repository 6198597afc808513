-- How far each partner cosigned the log, and what it did that it has not cosigned yet.
CREATE TABLE partner (
  agency TEXT PRIMARY KEY, size INTEGER NOT NULL, time_s INTEGER NOT NULL,
  first INTEGER, first_ms INTEGER, last INTEGER, last_ms INTEGER
) STRICT, WITHOUT ROWID;
-- What shows that the log signed two histories. It stays for ever; a decision lifts the stop.
CREATE TABLE accusation (
  id BLOB PRIMARY KEY, time_ms INTEGER NOT NULL, evidence BLOB NOT NULL, decision TEXT NOT NULL
) STRICT, WITHOUT ROWID;
