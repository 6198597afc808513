-- Messages of the node: sent, received, refused.

-- Messages to the exchange: sealed once, sent as often as needed, in order. ``fault``: the code
-- that keeps a message waiting. ``put_ms``: when it was stored, Unix milliseconds. Counts are read
-- from indexes alone.
CREATE TABLE outbox (
  id INTEGER PRIMARY KEY, state TEXT NOT NULL, sealed BLOB NOT NULL, code TEXT NOT NULL DEFAULT '',
  why TEXT NOT NULL DEFAULT '', fault TEXT NOT NULL DEFAULT '', put_ms INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX outbox_waiting ON outbox (id) WHERE state IN ('sealed', 'unknown');
CREATE INDEX outbox_fault ON outbox (fault) WHERE fault != '';
CREATE INDEX outbox_oldest ON outbox (put_ms) WHERE state IN ('sealed', 'unknown') AND put_ms > 0;

CREATE TABLE outbox_count (state TEXT PRIMARY KEY, items INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- Accepted statements of ours in each channel, until their recipient signed that it has them: the
-- exchange may lose them with its machine.
CREATE TABLE sent (
  recipient TEXT NOT NULL, agreement BLOB NOT NULL, seq INTEGER NOT NULL, sealed BLOB NOT NULL,
  PRIMARY KEY (recipient, agreement, seq)
) STRICT, WITHOUT ROWID;

-- Grants of ours that came back, because the key they were sealed to had ended.
CREATE TABLE returned (statement_id BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;

-- Grants of ours that a standing stopped on their way. hold: to be issued anew on resumption. owed:
-- a void is to be put in its place.
CREATE TABLE stopped (
  statement_id BLOB PRIMARY KEY, recipient TEXT NOT NULL, agreement BLOB NOT NULL,
  seq INTEGER NOT NULL, hold INTEGER NOT NULL, owed INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX stopped_place ON stopped (recipient, agreement, seq);
CREATE INDEX stopped_owed ON stopped (statement_id) WHERE owed;
CREATE INDEX stopped_hold ON stopped (statement_id) WHERE hold;

-- Places and marks of a channel that an earlier life of this node, or of the exchange, may have
-- filled.
CREATE TABLE channel_out (
  recipient TEXT NOT NULL, agreement BLOB NOT NULL, seq INTEGER NOT NULL,
  mark INTEGER NOT NULL DEFAULT 0, marked_sent INTEGER NOT NULL DEFAULT -1,
  marked_received INTEGER NOT NULL DEFAULT -1, excused_seq INTEGER NOT NULL DEFAULT 0,
  excused_mark INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (recipient, agreement)
) STRICT, WITHOUT ROWID;

-- ``counter``, ``confirmed``: of the sender's last mark.
CREATE TABLE channel_in (
  sender TEXT NOT NULL, agreement BLOB NOT NULL, contiguous INTEGER NOT NULL,
  counter INTEGER NOT NULL DEFAULT 0, confirmed INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (sender, agreement)
) STRICT, WITHOUT ROWID;

CREATE TABLE channel_ahead (
  sender TEXT NOT NULL, agreement BLOB NOT NULL, seq INTEGER NOT NULL, statement_id BLOB NOT NULL,
  PRIMARY KEY (sender, agreement, seq)
) STRICT, WITHOUT ROWID;

-- Statement ids that were taken in, so that a reread mailbox does nothing twice.
CREATE TABLE taken (statement_id BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;

-- Deliveries that were refused, with the code; those that are evidence stay whole. One row for each
-- cause: ``about`` and ``code``. Each agency has a quota of the quarantine. Over it nothing of a
-- delivery is kept but what it is about, the code and its place in the mailbox: sealed is empty
-- then. agency: as the delivery says; packet: whose ciphertexts it holds, empty for none.
CREATE TABLE quarantine (
  id INTEGER PRIMARY KEY, time_ms INTEGER NOT NULL, code TEXT NOT NULL, why TEXT NOT NULL,
  sealed BLOB NOT NULL, about BLOB NOT NULL DEFAULT x'', agency TEXT NOT NULL DEFAULT '',
  packet BLOB NOT NULL DEFAULT x'', epoch BLOB NOT NULL DEFAULT x'', seq INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX quarantine_about ON quarantine (about, code) WHERE about <> x'';
CREATE INDEX quarantine_code ON quarantine (code);
CREATE INDEX quarantine_kept ON quarantine (code, id) WHERE sealed <> x'';
CREATE INDEX quarantine_agency ON quarantine (agency, id) WHERE sealed <> x'';
CREATE INDEX quarantine_noted ON quarantine (agency, code, id) WHERE sealed = x'';
CREATE INDEX quarantine_packet ON quarantine (packet) WHERE packet <> x'';

CREATE TABLE quarantine_count (
  agency TEXT PRIMARY KEY, noted INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Grants under an article that opens nothing before both agencies have cosigned the log. Of a grant
-- that waits for cosignatures, the agency that granted it and its entry, so that those are found
-- which both have cosigned. due_ms: when it is judged in any case, at its end, or at once if a
-- recall reduced it.
CREATE TABLE waiting (
  statement_id BLOB PRIMARY KEY, packet BLOB NOT NULL, sender TEXT NOT NULL,
  time_ms INTEGER NOT NULL, sealed BLOB NOT NULL, agency TEXT NOT NULL DEFAULT '',
  entry INTEGER NOT NULL DEFAULT 0, due_ms INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX waiting_packet ON waiting (packet);
CREATE INDEX waiting_entry ON waiting (agency, entry);
CREATE INDEX waiting_due ON waiting (due_ms);

-- Attestations: each signs a batch of statements.
CREATE TABLE attestation (hash BLOB PRIMARY KEY NOT NULL, sealed BLOB NOT NULL) STRICT;

-- Receipts and grants in the order in which they came: by a hash, rows of more than a quarter of a
-- page take one of overflow each.
CREATE TABLE receipt (
  statement_id BLOB PRIMARY KEY NOT NULL, about BLOB NOT NULL, status INTEGER NOT NULL,
  sealed BLOB NOT NULL
) STRICT;
CREATE INDEX receipt_about ON receipt (about);

CREATE TRIGGER outbox_put AFTER INSERT ON outbox BEGIN
  INSERT INTO outbox_count VALUES (new.state, 1)
    ON CONFLICT (state) DO UPDATE SET items = items + 1;
END;

CREATE TRIGGER outbox_moved AFTER UPDATE OF state ON outbox WHEN new.state <> old.state BEGIN
  UPDATE outbox_count SET items = items - 1 WHERE state = old.state;
  INSERT INTO outbox_count VALUES (new.state, 1)
    ON CONFLICT (state) DO UPDATE SET items = items + 1;
END;

CREATE TRIGGER quarantine_noted_more AFTER INSERT ON quarantine WHEN new.sealed = x'' BEGIN
  INSERT INTO quarantine_count VALUES (new.agency, 1)
    ON CONFLICT (agency) DO UPDATE SET noted = noted + 1;
END;

CREATE TRIGGER quarantine_noted_less AFTER DELETE ON quarantine WHEN old.sealed = x'' BEGIN
  UPDATE quarantine_count SET noted = noted - 1 WHERE agency = old.agency;
END;
