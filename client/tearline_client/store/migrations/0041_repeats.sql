-- Why a packet of ours was sent though its texts repeat values that were kept back.
CREATE TABLE repeat (packet BLOB PRIMARY KEY, time_ms INTEGER NOT NULL, sealed BLOB NOT NULL)
  STRICT, WITHOUT ROWID;
