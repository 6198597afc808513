-- Each time this database was restored. Entries from start up to stop came back from an agency's
-- mirror, without what they hide. settled: whether it is known that nothing behind was signed.
CREATE TABLE restoration (
  one INTEGER PRIMARY KEY, start INTEGER NOT NULL, stop INTEGER NOT NULL,
  time_ms INTEGER NOT NULL, settled INTEGER NOT NULL
) STRICT;
