-- Recalls: ours to partners, and partners' to us; and the last answer.
CREATE TABLE recall (
  number INTEGER PRIMARY KEY,
  statement_id BLOB NOT NULL UNIQUE, packet BLOB NOT NULL, incoming INTEGER NOT NULL,
  state INTEGER NOT NULL, answered_ms INTEGER NOT NULL DEFAULT 0,
  sealed BLOB NOT NULL, answer BLOB
) STRICT;
CREATE INDEX recall_packet ON recall (packet);
-- When a grant ends, or the time for which its agreement lets it be kept; 0 where it is not known.
ALTER TABLE packet_grant ADD COLUMN ends_ms INTEGER NOT NULL DEFAULT 0;
CREATE INDEX packet_grant_ends ON packet_grant (ends_ms);
