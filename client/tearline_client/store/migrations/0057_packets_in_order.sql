-- Packets in the order in which they came: by a hash, their rows take a page more of overflow each.
-- A manifest is stored without its attestations from here on, and of an accepted grant `sent` has
-- its id alone; what an earlier version stored is read as it is.
CREATE TABLE packet_in_order (
  id BLOB PRIMARY KEY NOT NULL, origin TEXT NOT NULL, received_ms INTEGER NOT NULL,
  manifest BLOB NOT NULL, parts BLOB NOT NULL
) STRICT;
INSERT INTO packet_in_order
  SELECT id, origin, received_ms, manifest, parts FROM packet ORDER BY received_ms, id;
DROP TABLE packet;
ALTER TABLE packet_in_order RENAME TO packet;
CREATE INDEX packet_received ON packet (received_ms, id);
CREATE INDEX packet_origin ON packet (origin);
CREATE TRIGGER packet_placed AFTER INSERT ON packet BEGIN
  INSERT INTO packet_place (packet) VALUES (new.id) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER packet_unfiled AFTER INSERT ON packet BEGIN
  INSERT INTO filed_due VALUES (new.id);
END;
