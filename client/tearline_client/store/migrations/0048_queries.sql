-- What is asked in every round, of every packet or by every scrape is answered by an index or a
-- queue, however much lies here.
CREATE INDEX packet_origin ON packet (origin);
CREATE INDEX packet_grant_untold ON packet_grant (statement_id) WHERE incoming = 1 AND told < status;
-- Of grants that may still have to be ended: partners' that are not erased (5), and ours of which
-- the exchange said no more than that it took them (1).
DROP INDEX packet_grant_ends;
CREATE INDEX packet_grant_ends ON packet_grant (ends_ms)
  WHERE incoming = 1 AND status < 5 OR incoming = 0 AND status <= 1;
-- Also, of the packets that correct others, those that were not refused.
DROP INDEX packet_grant_packet;
CREATE INDEX packet_grant_packet ON packet_grant (packet, status);
CREATE INDEX correction_corrects ON correction (corrects);
CREATE INDEX request_time_unjudged ON request_time (idx) WHERE judged = 0;
DROP INDEX case_step_returned;
CREATE INDEX case_step_returned ON case_step (case_id, peer, number) WHERE returned;
CREATE INDEX standing_newest ON standing (agreement, agency, counter);
CREATE INDEX stopped_place ON stopped (recipient, agreement, seq);
CREATE INDEX stopped_owed ON stopped (statement_id) WHERE owed;
CREATE INDEX stopped_hold ON stopped (statement_id) WHERE hold;
CREATE INDEX notice_event ON notice (event, id);
CREATE INDEX waiting_packet ON waiting (packet);

-- Which packet a step of a consent is about; empty for what an earlier version kept.
ALTER TABLE consent_step ADD COLUMN packet BLOB NOT NULL DEFAULT x'';
CREATE INDEX consent_step_packet ON consent_step (packet);

-- When a request's last step was taken, of one that has ended and of which all was said; NULL
-- while a round may have to say or to judge something.
ALTER TABLE request ADD COLUMN settled_ms INTEGER;
CREATE INDEX request_open ON request (granted_ms, packet, peer) WHERE settled_ms IS NULL;
CREATE INDEX request_settled ON request (settled_ms) WHERE settled_ms IS NOT NULL;
CREATE TRIGGER request_stepped AFTER INSERT ON request_step BEGIN
  UPDATE request SET settled_ms = NULL WHERE packet = new.packet AND peer = new.peer;
END;
CREATE TRIGGER request_step_changed AFTER UPDATE OF idx, code ON request_step BEGIN
  UPDATE request SET settled_ms = NULL WHERE packet = new.packet AND peer = new.peer;
END;

-- Packets that the index of values is to read, or to read anew.
CREATE TABLE value_due (packet BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
INSERT INTO value_due SELECT DISTINCT k.packet FROM packet_key k WHERE NOT EXISTS
  (SELECT 1 FROM value_indexed i WHERE i.packet = k.packet AND i.grant_id = k.grant_id);
DROP TRIGGER value_forgotten;
DROP TABLE value_indexed;
CREATE TRIGGER value_awaited AFTER INSERT ON packet_key BEGIN
  INSERT INTO value_due VALUES (new.packet) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER value_forgotten AFTER DELETE ON packet_key BEGIN
  DELETE FROM value_tag WHERE packet = old.packet AND word <> 2;
  UPDATE value_tag SET ends_ms = 9223372036854775807 WHERE packet = old.packet;
  DELETE FROM value_due WHERE packet = old.packet;
  INSERT INTO value_due SELECT packet FROM packet_key WHERE packet = old.packet LIMIT 1;
END;

-- Packets of which it is not known whether they name a case; ``filed`` has those that do.
CREATE TABLE filed_due (packet BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
INSERT INTO filed_due SELECT id FROM packet p WHERE NOT EXISTS
  (SELECT 1 FROM filed f WHERE f.packet = p.id);
DELETE FROM filed WHERE case_id = x'';
CREATE TRIGGER packet_unfiled AFTER INSERT ON packet BEGIN
  INSERT INTO filed_due VALUES (new.id);
END;

-- How many items of the outbox stand where, and how many deliveries of each agency are over its
-- quota. No statement asks for the state alone any more.
DROP INDEX outbox_state;
CREATE INDEX outbox_oldest ON outbox (put_ms) WHERE state IN ('sealed', 'unknown') AND put_ms > 0;
CREATE TABLE outbox_count (state TEXT PRIMARY KEY, items INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO outbox_count SELECT state, count(*) FROM outbox GROUP BY state;
CREATE TRIGGER outbox_put AFTER INSERT ON outbox BEGIN
  INSERT INTO outbox_count VALUES (new.state, 1)
    ON CONFLICT (state) DO UPDATE SET items = items + 1;
END;
CREATE TRIGGER outbox_moved AFTER UPDATE OF state ON outbox WHEN new.state <> old.state BEGIN
  UPDATE outbox_count SET items = items - 1 WHERE state = old.state;
  INSERT INTO outbox_count VALUES (new.state, 1)
    ON CONFLICT (state) DO UPDATE SET items = items + 1;
END;
CREATE TABLE quarantine_count (agency TEXT PRIMARY KEY, noted INTEGER NOT NULL)
  STRICT, WITHOUT ROWID;
INSERT INTO quarantine_count
  SELECT agency, count(*) FROM quarantine WHERE sealed = x'' GROUP BY agency;
CREATE TRIGGER quarantine_noted_more AFTER INSERT ON quarantine WHEN new.sealed = x'' BEGIN
  INSERT INTO quarantine_count VALUES (new.agency, 1)
    ON CONFLICT (agency) DO UPDATE SET noted = noted + 1;
END;
CREATE TRIGGER quarantine_noted_less AFTER DELETE ON quarantine WHEN old.sealed = x'' BEGIN
  UPDATE quarantine_count SET noted = noted - 1 WHERE agency = old.agency;
END;
