-- What was recalled of a packet, from one node or, where that is empty, from everybody: one grant
-- or all of them, some slots or all (four bytes each).
CREATE TABLE recall (
  packet BLOB NOT NULL, node TEXT NOT NULL, grant_id BLOB NOT NULL, slots BLOB NOT NULL,
  PRIMARY KEY (packet, node, grant_id, slots)
) STRICT, WITHOUT ROWID;
