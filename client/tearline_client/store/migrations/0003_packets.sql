-- Agreements, packets and their keys, and the index of their values.

-- ``entry``, ``time_ms``: since when a version counts.
CREATE TABLE agreement (
  id BLOB NOT NULL, version INTEGER NOT NULL, sealed BLOB NOT NULL,
  entry INTEGER NOT NULL DEFAULT 0, time_ms INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (id, version)
) STRICT, WITHOUT ROWID;

-- A packet once, whether it is ours or a partner's. Packets in the order in which they came: by a
-- hash, their rows take a page more of overflow each. A manifest is stored without its
-- attestations.
CREATE TABLE packet (
  id BLOB PRIMARY KEY NOT NULL, origin TEXT NOT NULL, received_ms INTEGER NOT NULL,
  manifest BLOB NOT NULL, parts BLOB NOT NULL
) STRICT;
CREATE INDEX packet_received ON packet (received_ms, id);
CREATE INDEX packet_origin ON packet (origin);

-- In which order packets came to be here, whatever the clock said: a value that we told before a
-- partner told it is our own word, and one that we told afterwards is not.
CREATE TABLE packet_place (place INTEGER PRIMARY KEY, packet BLOB NOT NULL UNIQUE) STRICT;

-- The keys to it, apart: deleting the row erases the contents.
CREATE TABLE packet_key (
  packet BLOB NOT NULL, grant_id BLOB NOT NULL, sealed BLOB NOT NULL,
  PRIMARY KEY (packet, grant_id)
) STRICT, WITHOUT ROWID;

-- How often the grantor of an incoming grant refused what it was told. Why a grant of ours was
-- taken back before its recipient was handed it; empty where it was not. When a grant ends, or the
-- time for which its agreement lets it be kept; 0 where it is not known. The grants of partners
-- that no person here has seen, in the order in which they came. Grants of ours in the order in
-- which they were made, apart from partners' grants.
CREATE TABLE packet_grant (
  statement_id BLOB PRIMARY KEY NOT NULL, packet BLOB NOT NULL, peer TEXT NOT NULL,
  incoming INTEGER NOT NULL, status INTEGER NOT NULL, sealed BLOB NOT NULL,
  told INTEGER NOT NULL DEFAULT 0, refusals INTEGER NOT NULL DEFAULT 0,
  withdrawn TEXT NOT NULL DEFAULT '', ends_ms INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX packet_grant_packet ON packet_grant (packet, status);
CREATE INDEX packet_grant_untold ON packet_grant (statement_id)
  WHERE incoming = 1 AND told < status;
CREATE INDEX packet_grant_ends ON packet_grant (ends_ms)
  WHERE incoming = 1 AND status < 5 OR incoming = 0 AND status <= 1;
CREATE INDEX packet_grant_unread ON packet_grant (incoming) WHERE incoming = 1 AND status < 4;
CREATE INDEX packet_grant_own ON packet_grant (incoming) WHERE incoming = 0;

-- Which packets take the place of which, by the ids of their manifests.
CREATE TABLE correction (packet BLOB PRIMARY KEY, corrects BLOB NOT NULL) STRICT;
CREATE INDEX correction_corrects ON correction (corrects);

-- Recalls: ours to partners, and partners' to us; and the last answer. When a partner's recall was
-- taken in; 0 of ours. Recalls that were not answered yet (state 1): every round asks for them.
-- Whether a former member erased what a recall names, although the recall stays open: its answer is
-- sent once the agency is admitted again.
CREATE TABLE recall (
  number INTEGER PRIMARY KEY, statement_id BLOB NOT NULL UNIQUE, packet BLOB NOT NULL,
  incoming INTEGER NOT NULL, state INTEGER NOT NULL, answered_ms INTEGER NOT NULL DEFAULT 0,
  sealed BLOB NOT NULL, answer BLOB, arrived_ms INTEGER NOT NULL DEFAULT 0,
  obeyed INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX recall_packet ON recall (packet);
CREATE INDEX recall_open ON recall (incoming, number) WHERE state = 1;

-- Recalls of ours that a backup does not hold: known by what partners answered to them.
CREATE TABLE forgotten_recall (
  recall BLOB PRIMARY KEY, packet BLOB NOT NULL, partner TEXT NOT NULL, sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX forgotten_recall_packet ON forgotten_recall (packet);

-- Packets that their originator froze.
CREATE TABLE frozen (packet BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;

-- The articles of an agreement whose packets an agency froze, by its newest standing; sealed. It
-- decides.
CREATE TABLE freeze (
  agency TEXT NOT NULL, agreement BLOB NOT NULL, sealed BLOB NOT NULL,
  PRIMARY KEY (agency, agreement)
) STRICT, WITHOUT ROWID;

-- Partners' packets that an officer keeps, also before anybody recalls them.
CREATE TABLE hold (packet BLOB PRIMARY KEY, sealed BLOB NOT NULL) STRICT, WITHOUT ROWID;

-- Holds that an officer ended: sealed names the hold, the officer and the time.
CREATE TABLE hold_end (id INTEGER PRIMARY KEY, packet BLOB NOT NULL, sealed BLOB NOT NULL) STRICT;
CREATE INDEX hold_end_packet ON hold_end (packet);

-- Fields of partners' packets whose values the agency has from elsewhere, as an officer recorded.
CREATE TABLE own_source (
  id INTEGER PRIMARY KEY, packet BLOB NOT NULL, time_ms INTEGER NOT NULL, sealed BLOB NOT NULL
) STRICT;
CREATE INDEX own_source_packet ON own_source (packet);

-- Large documents of drafts, with the file that each is read from and the hashes of its parts.
CREATE TABLE upload (blob BLOB PRIMARY KEY, time_ms INTEGER NOT NULL, sealed BLOB NOT NULL) STRICT;
CREATE INDEX upload_time ON upload (time_ms);

-- How many packets of an import are sealed, so that one that was cut off goes on where it was.
CREATE TABLE import (id BLOB PRIMARY KEY, sealed INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- Releases that wait for a second person: nothing of them is sealed yet. The request or consent
-- that a release answers, so that its list can say what waits.
CREATE TABLE pending (
  id BLOB PRIMARY KEY, time_ms INTEGER NOT NULL, sealed BLOB NOT NULL,
  about BLOB NOT NULL DEFAULT x''
) STRICT, WITHOUT ROWID;

-- Decisions of persons that are not signed yet, in their order.
CREATE TABLE decision (
  id INTEGER PRIMARY KEY, time_ms INTEGER NOT NULL, sealed BLOB NOT NULL,
  code TEXT NOT NULL DEFAULT ''
) STRICT;

-- Why a packet of ours was sent though its texts repeat values that were kept back. A reason stands
-- behind a packet or, where a field was disclosed later, behind that grant.
CREATE TABLE repeat (
  statement BLOB PRIMARY KEY, time_ms INTEGER NOT NULL, sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Which packets hold a value: keyed hashes, nothing that could be read back. They end with the keys
-- that they were read with. Whether a value is our own word, or one of a partner's that tells a
-- copy: 0 for neither.
CREATE TABLE value_tag (
  tag BLOB NOT NULL, packet BLOB NOT NULL, word INTEGER NOT NULL DEFAULT 0,
  place INTEGER NOT NULL DEFAULT 0, ends_ms INTEGER,
  PRIMARY KEY (tag, packet)
) STRICT, WITHOUT ROWID;
CREATE INDEX value_tag_packet ON value_tag (packet);
CREATE INDEX value_tag_word ON value_tag (tag, word, place) WHERE word <> 0;
CREATE INDEX value_tag_ends ON value_tag (ends_ms) WHERE ends_ms IS NOT NULL;

-- Packets that the index of values is to read, or to read anew. Values are indexed by each spelling
-- of a number.
CREATE TABLE value_due (
  packet BLOB PRIMARY KEY, done INTEGER NOT NULL DEFAULT 0, state INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX value_due_now ON value_due (state) WHERE state = 0;
CREATE INDEX value_due_damaged ON value_due (state) WHERE state >= 2;
CREATE INDEX value_due_frozen ON value_due (state) WHERE state = 1;

-- Texts of packets in the forms in which they are found, sealed. A row has one packet's texts, or
-- the number of the block that has them together with others'. They end with the packet's keys: the
-- rest of its block is due again. ``block``: 0 for a row that waits for a block, -1 for a large
-- one, which stays a row.
CREATE TABLE search_text (
  place INTEGER NOT NULL, part INTEGER NOT NULL, block INTEGER NOT NULL, sealed BLOB NOT NULL,
  PRIMARY KEY (place, part)
) STRICT, WITHOUT ROWID;
CREATE INDEX search_text_block ON search_text (block, place, part);

CREATE TABLE search_block (id INTEGER PRIMARY KEY AUTOINCREMENT, sealed BLOB NOT NULL) STRICT;

-- Number of erasures: plans from before an erasure may hold its values.
CREATE TABLE draft_erasures (count INTEGER NOT NULL) STRICT;
INSERT INTO draft_erasures (count) VALUES (0);

CREATE TRIGGER packet_placed AFTER INSERT ON packet BEGIN
  INSERT INTO packet_place (packet) VALUES (new.id) ON CONFLICT DO NOTHING;
END;

CREATE TRIGGER packet_unfiled AFTER INSERT ON packet BEGIN
  INSERT INTO filed_due VALUES (new.id);
END;

CREATE TRIGGER value_awaited AFTER INSERT ON packet_key BEGIN
  INSERT INTO value_due (packet) VALUES (new.packet)
    ON CONFLICT (packet) DO UPDATE SET done = 0, state = 0;
END;

-- Tags of copies outlast the keys: an erased value can still be copied.
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

-- Texts of a packet in parts, so that no transaction indexes many. ``done`` counts the texts that
-- are indexed; it begins anew with each key that comes or goes. ``state`` is 0 for packets that are
-- due, 1 while their originator has frozen them, 2 for those that could not be opened, and 3 for
-- those that are indexed, but could not be opened since. The node takes a packet's texts out of its
-- block before it deletes the keys. If it did not, the block is deleted, and the other packets in
-- it are due.
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
