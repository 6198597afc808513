-- Recalls of ours that a backup does not hold: known by what partners answered to them.
CREATE TABLE forgotten_recall (
  recall BLOB PRIMARY KEY, packet BLOB NOT NULL, partner TEXT NOT NULL, sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX forgotten_recall_packet ON forgotten_recall (packet);
