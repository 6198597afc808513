-- Texts of packets in the forms in which they are found, sealed. A row has one packet's texts, or
-- the number of the block that has them together with others'. They end with the packet's keys:
-- the rest of its block is due again. All packets are read anew, by the next search or the running
-- node.
CREATE TABLE search_text (
  place INTEGER PRIMARY KEY, block INTEGER NOT NULL, sealed BLOB NOT NULL
) STRICT;
CREATE INDEX search_text_block ON search_text (block, place);
CREATE TABLE search_block (id INTEGER PRIMARY KEY AUTOINCREMENT, sealed BLOB NOT NULL) STRICT;
CREATE TRIGGER search_forgotten AFTER DELETE ON packet_key BEGIN
  DELETE FROM search_text
    WHERE place = (SELECT place FROM packet_place WHERE packet = old.packet);
END;
CREATE TRIGGER search_block_forgotten AFTER DELETE ON search_text WHEN old.block > 0 BEGIN
  INSERT INTO value_due SELECT l.packet FROM search_text s
    JOIN packet_place l ON l.place = s.place WHERE s.block = old.block ON CONFLICT DO NOTHING;
  DELETE FROM search_block WHERE id = old.block;
  UPDATE search_text SET block = -1 WHERE block = old.block;
END;
INSERT INTO value_due SELECT DISTINCT packet FROM packet_key WHERE true ON CONFLICT DO NOTHING;
