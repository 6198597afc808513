-- The newest step of each case from one agency to another, by the entry of its statement.
CREATE TABLE case_step (
  case_id BLOB NOT NULL, sender TEXT NOT NULL, recipient TEXT NOT NULL,
  statement INTEGER NOT NULL, PRIMARY KEY (case_id, sender, recipient)
) STRICT, WITHOUT ROWID;
