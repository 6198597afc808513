-- Grants under an article that opens nothing before both agencies have cosigned the log.
CREATE TABLE waiting (
  statement_id BLOB PRIMARY KEY, packet BLOB NOT NULL, sender TEXT NOT NULL,
  time_ms INTEGER NOT NULL, sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;
