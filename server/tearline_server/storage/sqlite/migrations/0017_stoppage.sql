-- From which entry to which an agency had something suspended, scope by scope, by the log: what
-- stops the clocks of requests. sender, recipient: of a single direction, else empty.
-- ended, ended_ms: NULL while it is suspended.
CREATE TABLE stoppage (
  agreement BLOB NOT NULL, article TEXT NOT NULL, agency TEXT NOT NULL, sender TEXT NOT NULL,
  recipient TEXT NOT NULL, began INTEGER NOT NULL, began_ms INTEGER NOT NULL,
  ended INTEGER, ended_ms INTEGER,
  PRIMARY KEY (agreement, article, agency, sender, recipient, began)
) STRICT, WITHOUT ROWID;
CREATE INDEX stoppage_end ON stoppage (agreement, article, ended_ms);
-- Versions of agreements that changed how far that reaches: who is a party, which articles there
-- are, which of them stop for all; each a list with spaces between.
CREATE TABLE reach (
  agreement BLOB NOT NULL, entry INTEGER NOT NULL, time_ms INTEGER NOT NULL,
  parties TEXT NOT NULL, articles TEXT NOT NULL, joint TEXT NOT NULL,
  PRIMARY KEY (agreement, entry)
) STRICT, WITHOUT ROWID;
DROP TABLE standing_change;
-- When the agency's bucket of standings is empty, in log time.
ALTER TABLE standing ADD COLUMN empty_ms INTEGER NOT NULL DEFAULT 0;
-- The article of a request, which stoppages are looked up by.
ALTER TABLE request ADD COLUMN article TEXT NOT NULL DEFAULT '';
