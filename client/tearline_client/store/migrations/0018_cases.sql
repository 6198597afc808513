-- The cases that this agency leads; and the steps of every case, with their notes.
CREATE TABLE case_file (
  id BLOB PRIMARY KEY, agreement BLOB NOT NULL, sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE case_step (
  case_id BLOB NOT NULL, peer TEXT NOT NULL, mine INTEGER NOT NULL, number INTEGER NOT NULL,
  statement BLOB NOT NULL, step BLOB NOT NULL, note BLOB NOT NULL,
  PRIMARY KEY (case_id, peer, mine, number)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX case_step_statement ON case_step (statement);
