-- Texts of a packet in parts, so that no transaction indexes many. ``done`` counts the texts that are
-- indexed; it begins anew with each key that comes or goes. ``state`` is 0 for packets that are due,
-- 1 while their originator has frozen them, 2 for those that could not be opened, and 3 for those
-- that are indexed, but could not be opened since. All packets are read anew.
DROP TRIGGER search_forgotten;
DROP TRIGGER search_block_forgotten;
DROP TABLE search_text;
DROP TABLE search_block;
-- ``block``: 0 for a row that waits for a block, -1 for a large one, which stays a row.
CREATE TABLE search_text (
  place INTEGER NOT NULL, part INTEGER NOT NULL, block INTEGER NOT NULL, sealed BLOB NOT NULL,
  PRIMARY KEY (place, part)
) STRICT, WITHOUT ROWID;
CREATE INDEX search_text_block ON search_text (block, place, part);
CREATE TABLE search_block (id INTEGER PRIMARY KEY AUTOINCREMENT, sealed BLOB NOT NULL) STRICT;

DROP TRIGGER value_awaited;
DROP TRIGGER value_forgotten;
DROP TABLE value_due;
CREATE TABLE value_due (
  packet BLOB PRIMARY KEY, done INTEGER NOT NULL DEFAULT 0, state INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX value_due_now ON value_due (state) WHERE state = 0;
CREATE INDEX value_due_damaged ON value_due (state) WHERE state >= 2;
CREATE INDEX value_due_frozen ON value_due (state) WHERE state = 1;
CREATE TRIGGER value_awaited AFTER INSERT ON packet_key BEGIN
  INSERT INTO value_due (packet) VALUES (new.packet)
    ON CONFLICT (packet) DO UPDATE SET done = 0, state = 0;
END;
CREATE TRIGGER value_forgotten AFTER DELETE ON packet_key BEGIN
  DELETE FROM value_tag WHERE packet = old.packet AND word <> 2;
  UPDATE value_tag SET ends_ms = 9223372036854775807 WHERE packet = old.packet;
  DELETE FROM value_due WHERE packet = old.packet;
  INSERT INTO value_due (packet) SELECT packet FROM packet_key WHERE packet = old.packet LIMIT 1;
END;
CREATE TRIGGER value_thawed AFTER DELETE ON frozen BEGIN
  UPDATE value_due SET state = 0 WHERE packet = old.packet AND state = 1;
END;
CREATE TRIGGER value_unfrozen AFTER DELETE ON freeze BEGIN
  UPDATE value_due SET state = 0 WHERE state = 1;
END;
CREATE TRIGGER value_refrozen AFTER UPDATE ON freeze BEGIN
  UPDATE value_due SET state = 0 WHERE state = 1;
END;

-- The node takes a packet's texts out of its block before it deletes the keys. If it did not, the
-- block is deleted, and the other packets in it are due.
CREATE TRIGGER search_forgotten AFTER DELETE ON packet_key BEGIN
  DELETE FROM search_text
    WHERE place = (SELECT place FROM packet_place WHERE packet = old.packet);
END;
CREATE TRIGGER search_text_forgotten AFTER DELETE ON search_text WHEN old.block > 0 BEGIN
  DELETE FROM search_block WHERE id = old.block;
END;
CREATE TRIGGER search_block_forgotten AFTER DELETE ON search_block BEGIN
  INSERT INTO value_due (packet) SELECT l.packet FROM search_text s
    JOIN packet_place l ON l.place = s.place WHERE s.block = old.id
    ON CONFLICT (packet) DO UPDATE SET done = 0, state = 0;
  DELETE FROM search_text WHERE block = old.id;
END;
INSERT INTO value_due (packet) SELECT DISTINCT packet FROM packet_key WHERE true;
