-- The node's own access log: what was read here and by whom, and the tree over it.
CREATE TABLE access_entry (idx INTEGER PRIMARY KEY, sealed BLOB NOT NULL) STRICT;
CREATE TABLE access_node (
  level INTEGER NOT NULL, idx INTEGER NOT NULL, hash BLOB NOT NULL,
  PRIMARY KEY (level, idx)
) STRICT, WITHOUT ROWID;
-- What the exchange's log was told of it, and what that hides.
CREATE TABLE access_anchor (
  number INTEGER PRIMARY KEY, statement_id BLOB NOT NULL, sealed BLOB NOT NULL
) STRICT;
