-- What is sealed is bound to its row. The rows of this table had no key of their own.
DROP TABLE own_source;
CREATE TABLE own_source (
  id INTEGER PRIMARY KEY, packet BLOB NOT NULL, time_ms INTEGER NOT NULL, sealed BLOB NOT NULL
) STRICT;
