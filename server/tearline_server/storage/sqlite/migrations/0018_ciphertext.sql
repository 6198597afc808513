-- Openings and ciphertexts of a packet apart: who judges a grant reads no ciphertext. Each is
-- encoded as the parts were, whose fields are 1 the manifest, 2 the openings, 3 the ciphertexts.
CREATE TABLE ciphertext (packet BLOB PRIMARY KEY, parts BLOB NOT NULL) STRICT;

-- Where the openings of each packet end: one step for the manifest, and one for each opening. A
-- length has up to three bytes of seven bits; openings of 64 compartments need no fourth.
CREATE TEMP TABLE byte (hex TEXT PRIMARY KEY, value INTEGER NOT NULL);
WITH RECURSIVE each (value) AS (SELECT 0 UNION ALL SELECT value + 1 FROM each WHERE value < 255)
  INSERT INTO byte SELECT printf('%02X', value), value FROM each;
CREATE TEMP TABLE opening_end AS
WITH RECURSIVE field (packet, at, size) AS (
  SELECT id, 1, 0 FROM packet
  UNION ALL
  SELECT field.packet, field.at + field.size,
    CASE WHEN hex(substr(p.parts, field.at + field.size, 1)) NOT IN ('0A', '12') THEN NULL
      WHEN one.value < 128 THEN 2 + one.value
      WHEN two.value < 128 THEN 3 + one.value - 128 + two.value * 128
      ELSE 4 + one.value - 128 + (two.value - 128) * 128 + three.value * 16384 END
  FROM field JOIN packet p ON p.id = field.packet
    LEFT JOIN byte one ON one.hex = hex(substr(p.parts, field.at + field.size + 1, 1))
    LEFT JOIN byte two ON two.hex = hex(substr(p.parts, field.at + field.size + 2, 1))
    LEFT JOIN byte three ON three.hex = hex(substr(p.parts, field.at + field.size + 3, 1))
  WHERE field.size IS NOT NULL
)
SELECT packet, max(at) AS at FROM field GROUP BY packet;
DROP TABLE temp.byte;

INSERT INTO ciphertext SELECT p.id, CAST(substr(p.parts, 1, 34) || substr(p.parts, e.at) AS BLOB)
  FROM packet p JOIN opening_end e ON e.packet = p.id WHERE length(p.parts) >= e.at;

CREATE TABLE packet_apart (
  id BLOB PRIMARY KEY, statement INTEGER NOT NULL, openings BLOB NOT NULL,
  agreement BLOB NOT NULL DEFAULT x'', accepted_ms INTEGER NOT NULL DEFAULT 0, ends_ms INTEGER
) STRICT;
INSERT INTO packet_apart
  SELECT p.id, p.statement, coalesce(substr(p.parts, 1, e.at - 1), x''), p.agreement,
    p.accepted_ms, p.ends_ms
  FROM packet p JOIN opening_end e ON e.packet = p.id;
DROP TABLE temp.opening_end;
DROP TABLE packet;
ALTER TABLE packet_apart RENAME TO packet;
CREATE INDEX packet_ends ON packet (ends_ms) WHERE ends_ms IS NOT NULL;
CREATE INDEX packet_age ON packet (agreement, accepted_ms) WHERE ends_ms IS NOT NULL;

-- What was released of a packet, and to whom: found by both together.
CREATE INDEX event_release ON event (packet, party)
  WHERE packet <> x'' AND code = 'grant-accepted' AND outcome = 'ok';
