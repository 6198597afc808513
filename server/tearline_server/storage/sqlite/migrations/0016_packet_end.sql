-- Under which agreement a packet is, when it was accepted by the log's time, and when to look
-- whether it has ended: it does not end before. NULL where its ciphertexts are gone.
ALTER TABLE packet ADD COLUMN agreement BLOB NOT NULL DEFAULT x'';
ALTER TABLE packet ADD COLUMN accepted_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE packet ADD COLUMN ends_ms INTEGER;
UPDATE packet SET ends_ms = 0;
UPDATE packet SET agreement = e.agreement, accepted_ms = e.time_ms
  FROM event e WHERE e.idx = packet.statement;
CREATE INDEX packet_ends ON packet (ends_ms) WHERE ends_ms IS NOT NULL;
CREATE INDEX packet_age ON packet (agreement, accepted_ms) WHERE ends_ms IS NOT NULL;
