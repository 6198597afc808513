-- beside: 7
-- From which entry to which an agency had something suspended, scope by scope, by the log: what
-- stops the clocks of requests. sender, recipient: of a single direction, else empty.
-- ended, ended_ms: NULL while it is suspended.
CREATE TABLE stoppage (
  agreement BYTEA NOT NULL, article TEXT COLLATE "C" NOT NULL, agency TEXT COLLATE "C" NOT NULL,
  sender TEXT COLLATE "C" NOT NULL, recipient TEXT COLLATE "C" NOT NULL, began BIGINT NOT NULL,
  began_ms BIGINT NOT NULL, ended BIGINT, ended_ms BIGINT,
  PRIMARY KEY (agreement, article, agency, sender, recipient, began)
);
CREATE INDEX stoppage_end ON stoppage (agreement, article, ended_ms);
-- Versions of agreements that changed how far that reaches: who is a party, which articles there
-- are, which of them stop for all; each a list with spaces between.
CREATE TABLE reach (
  agreement BYTEA NOT NULL, entry BIGINT NOT NULL, time_ms BIGINT NOT NULL,
  parties TEXT NOT NULL, articles TEXT NOT NULL, joint TEXT NOT NULL,
  PRIMARY KEY (agreement, entry)
);
DROP TABLE standing_change;
-- When the agency's bucket of standings is empty, in log time.
ALTER TABLE standing ADD COLUMN empty_ms BIGINT NOT NULL DEFAULT 0;
-- The article of a request, which stoppages are looked up by.
ALTER TABLE request ADD COLUMN article TEXT NOT NULL DEFAULT '';
