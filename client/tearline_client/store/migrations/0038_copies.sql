-- In which order packets came to be here, whatever the clock said: a value that we told before a
-- partner told it is our own word, and one that we told afterwards is not.
CREATE TABLE packet_place (place INTEGER PRIMARY KEY, packet BLOB NOT NULL UNIQUE) STRICT;
INSERT INTO packet_place (packet) SELECT id FROM packet ORDER BY received_ms, id;
CREATE TRIGGER packet_placed AFTER INSERT ON packet BEGIN
  INSERT INTO packet_place (packet) VALUES (new.id) ON CONFLICT DO NOTHING;
END;

-- What tells a copy outlasts the keys that it was read with: what was erased can still be copied.
-- What was indexed before is read anew when it is asked.
DROP TRIGGER value_forgotten;
DROP INDEX value_tag_word;
DELETE FROM value_tag;
DELETE FROM value_indexed;
ALTER TABLE value_tag ADD COLUMN place INTEGER NOT NULL DEFAULT 0;
ALTER TABLE value_tag ADD COLUMN ends_ms INTEGER; -- of what was erased: until when its tag stays
CREATE INDEX value_tag_word ON value_tag (tag, word, place) WHERE word <> 0;
CREATE INDEX value_tag_ends ON value_tag (ends_ms) WHERE ends_ms IS NOT NULL;
CREATE TRIGGER value_forgotten AFTER DELETE ON packet_key BEGIN
  DELETE FROM value_tag WHERE packet = old.packet AND word <> 2;
  UPDATE value_tag SET ends_ms = 9223372036854775807 WHERE packet = old.packet;
  DELETE FROM value_indexed WHERE packet = old.packet;
END;
CREATE INDEX own_source_packet ON own_source (packet);
