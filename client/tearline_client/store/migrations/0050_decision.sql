-- What persons decided and is not signed yet: in the order of their decisions.
CREATE TABLE decision (
  id INTEGER PRIMARY KEY, time_ms INTEGER NOT NULL, sealed BLOB NOT NULL,
  code TEXT NOT NULL DEFAULT ''
) STRICT;
