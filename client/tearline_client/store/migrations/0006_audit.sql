-- What a node was told is compared with the answers to its searches, by place.
CREATE INDEX log_opening_place ON log_opening (idx);

-- Which packets hold a value: keyed hashes, nothing that could be read back. They end with the
-- keys that they were read with.
CREATE TABLE value_tag (
  tag BLOB NOT NULL, packet BLOB NOT NULL, PRIMARY KEY (tag, packet)
) STRICT, WITHOUT ROWID;
CREATE INDEX value_tag_packet ON value_tag (packet);
CREATE TABLE value_indexed (
  packet BLOB NOT NULL, grant_id BLOB NOT NULL, PRIMARY KEY (packet, grant_id)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER value_forgotten AFTER DELETE ON packet_key BEGIN
  DELETE FROM value_tag WHERE packet = old.packet;
  DELETE FROM value_indexed WHERE packet = old.packet;
END;
