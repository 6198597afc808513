-- Releases that wait for a second person: nothing of them is sealed yet.
CREATE TABLE pending (
  id BLOB PRIMARY KEY, time_ms INTEGER NOT NULL, sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;
