-- Steps of consents, contents sealed; asked_here: whether this node is the one that asks.
CREATE TABLE consent_step (
  statement_id BLOB PRIMARY KEY,
  consent_id BLOB NOT NULL,
  peer TEXT NOT NULL,
  asked_here INTEGER NOT NULL,
  ours INTEGER NOT NULL,
  step TEXT NOT NULL,
  time_ms INTEGER NOT NULL,
  body BLOB NOT NULL,
  terms BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX consent_step_consent ON consent_step (consent_id, peer, asked_here);
-- Fields of partners' packets whose values the agency has from elsewhere, as an officer recorded.
CREATE TABLE own_source (packet BLOB NOT NULL, time_ms INTEGER NOT NULL, sealed BLOB NOT NULL) STRICT;
