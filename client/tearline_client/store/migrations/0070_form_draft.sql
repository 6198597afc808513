-- Forms that persons fill in are drafts, too: of a person, and of no account.
ALTER TABLE feed_draft ADD COLUMN person TEXT NOT NULL DEFAULT '';
CREATE INDEX feed_draft_person ON feed_draft (person, time_ms);

-- How often a packet was erased: what was planned before may hold its values.
CREATE TABLE draft_erasures (count INTEGER NOT NULL) STRICT;
INSERT INTO draft_erasures (count) VALUES (0);
