-- What an event is found by stands in its encoding. So a row has no second copy of these values but
-- their places: a position, and in the lowest 12 bits a size. A value that does not stand there, as
-- after tampering, becomes empty; ``verify-log`` reports it.
CREATE TABLE event_by_place (
  idx INTEGER PRIMARY KEY,
  salt BLOB NOT NULL,
  event BLOB NOT NULL,
  time_ms INTEGER NOT NULL,
  code_at INTEGER NOT NULL,
  outcome_at INTEGER NOT NULL,
  reason_at INTEGER NOT NULL,
  actor_at INTEGER NOT NULL,
  party_at INTEGER NOT NULL,
  statement_at INTEGER NOT NULL,
  packet_at INTEGER NOT NULL,
  agreement_at INTEGER NOT NULL,
  code TEXT AS (CAST(substr(event, code_at >> 12, code_at & 4095) AS TEXT)),
  outcome TEXT AS (CAST(substr(event, outcome_at >> 12, outcome_at & 4095) AS TEXT)),
  reason TEXT AS (CAST(substr(event, reason_at >> 12, reason_at & 4095) AS TEXT)),
  actor TEXT AS (CAST(substr(event, actor_at >> 12, actor_at & 4095) AS TEXT)),
  party TEXT AS (CAST(substr(event, party_at >> 12, party_at & 4095) AS TEXT)),
  statement BLOB AS (substr(event, statement_at >> 12, statement_at & 4095)),
  packet BLOB AS (substr(event, packet_at >> 12, packet_at & 4095)),
  agreement BLOB AS (substr(event, agreement_at >> 12, agreement_at & 4095))
) STRICT;
INSERT INTO event_by_place
  SELECT idx, salt, event, time_ms,
    coalesce(nullif(instr(event, CAST(code AS BLOB)), 0) << 12 | octet_length(code), 0),
    coalesce(nullif(instr(event, CAST(outcome AS BLOB)), 0) << 12 | octet_length(outcome), 0),
    coalesce(nullif(instr(event, CAST(reason AS BLOB)), 0) << 12 | octet_length(reason), 0),
    coalesce(nullif(instr(event, CAST(actor AS BLOB)), 0) << 12 | octet_length(actor), 0),
    coalesce(nullif(instr(event, CAST(party AS BLOB)), 0) << 12 | octet_length(party), 0),
    coalesce(nullif(instr(event, statement), 0) << 12 | length(statement), 0),
    coalesce(nullif(instr(event, packet), 0) << 12 | length(packet), 0),
    coalesce(nullif(instr(event, agreement), 0) << 12 | length(agreement), 0)
  FROM event ORDER BY idx;
DROP TABLE event;
ALTER TABLE event_by_place RENAME TO event;
CREATE INDEX event_statement ON event (statement);
CREATE INDEX event_packet ON event (packet) WHERE packet <> x'';
CREATE INDEX event_agreement ON event (agreement) WHERE agreement <> x'';
CREATE INDEX event_release ON event (packet, party)
  WHERE packet <> x'' AND code = 'grant-accepted' AND outcome = 'ok';
