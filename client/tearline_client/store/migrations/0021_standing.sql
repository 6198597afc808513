-- Where each party stands, by the log: the newest, and every earlier one that said something new.
-- entry, time_ms: of the entry that this agency was told of.
CREATE TABLE standing (
  agency TEXT NOT NULL, agreement BLOB NOT NULL, counter INTEGER NOT NULL,
  entry INTEGER NOT NULL, time_ms INTEGER NOT NULL, sealed BLOB NOT NULL,
  PRIMARY KEY (agency, agreement, counter)
) STRICT, WITHOUT ROWID;
-- What this node wants said that the exchange has not taken yet. said, counter: the standing that
-- said it last; code: of its refusal, or empty.
CREATE TABLE standing_wish (
  id INTEGER PRIMARY KEY, agreement BLOB NOT NULL, said BLOB NOT NULL, counter INTEGER NOT NULL,
  code TEXT NOT NULL, sealed BLOB NOT NULL
) STRICT;
-- Marks of both ends, since there is a standing: what proves that nothing passed meanwhile.
-- entry: NULL for one of ours that the exchange has not answered.
CREATE TABLE standing_mark (
  agreement BLOB NOT NULL, peer TEXT NOT NULL, own INTEGER NOT NULL, counter INTEGER NOT NULL,
  statement_id BLOB NOT NULL, entry INTEGER, sealed BLOB NOT NULL,
  PRIMARY KEY (agreement, peer, own, counter)
) STRICT, WITHOUT ROWID;
CREATE INDEX standing_mark_statement ON standing_mark (statement_id);
-- Packets that their originator froze.
CREATE TABLE frozen (packet BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
-- Grants of ours that a standing stopped on their way. hold: to be issued anew on resumption.
-- owed: a void is to be put in its place.
CREATE TABLE stopped (
  statement_id BLOB PRIMARY KEY, recipient TEXT NOT NULL, agreement BLOB NOT NULL,
  seq INTEGER NOT NULL, hold INTEGER NOT NULL, owed INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
