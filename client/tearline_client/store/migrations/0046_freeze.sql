-- The articles of an agreement whose packets an agency froze, by its newest standing; sealed.
-- It decides. What an earlier version froze packet by packet stands in frozen until there is a row.
CREATE TABLE freeze (
  agency TEXT NOT NULL, agreement BLOB NOT NULL, sealed BLOB NOT NULL,
  PRIMARY KEY (agency, agreement)
) STRICT, WITHOUT ROWID;
