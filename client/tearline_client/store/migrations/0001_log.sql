-- The log as this node follows it, its own access log, and cosigning. Columns named `sealed` are
-- opened by the vault.

-- Settings of the node, and its place in the log.
CREATE TABLE setting (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;

-- The log as this node follows it: every entry, and the nodes that prove it. Whoever opens the
-- database reads every clear entry, of which there are few in millions.
CREATE TABLE log_entry (idx INTEGER PRIMARY KEY, entry BLOB NOT NULL) STRICT;
CREATE INDEX log_entry_clear ON log_entry (idx) WHERE length(entry) <> 33 AND length(entry) <> 41;
CREATE INDEX log_entry_directory ON log_entry (idx) WHERE length(entry) = 41;

-- Nodes of the log's tree over less than 16 entries follow from those, and are kept no longer.
CREATE TABLE log_node (
  level INTEGER NOT NULL, idx INTEGER NOT NULL, hash BLOB NOT NULL,
  PRIMARY KEY (level, idx)
) STRICT, WITHOUT ROWID;

-- Openings of the blind entries that concern this node. They are compared with the answers to
-- searches, by place. The key is the place: keyed by a hash, each opening takes an overflow page.
CREATE TABLE log_opening (
  idx INTEGER PRIMARY KEY, event_id BLOB NOT NULL UNIQUE, statement_id BLOB NOT NULL,
  sealed BLOB NOT NULL
) STRICT;
CREATE INDEX log_opening_statement ON log_opening (statement_id);

CREATE TABLE directory_effect (idx INTEGER PRIMARY KEY) STRICT;

-- How far a light node has read each part of an agency's entries: a part may also hold entries that
-- came with another one.
CREATE TABLE read_part (
  agency TEXT NOT NULL, part INTEGER NOT NULL, size INTEGER NOT NULL,
  PRIMARY KEY (agency, part)
) STRICT, WITHOUT ROWID;

-- When checkpoints of each size were seen here, first and last, by our own clock.
CREATE TABLE checkpoint_seen (
  size INTEGER PRIMARY KEY, first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL
) STRICT;

-- A light node's agencies, all of whose entries it reads, and entries that wait for a turn.
CREATE TABLE followed_agency (uri TEXT PRIMARY KEY) STRICT;

CREATE TABLE awaited_entry (idx INTEGER PRIMARY KEY) STRICT;

-- Names of the members in clear, as the log has them, for completion in a shell.
CREATE TABLE member_name (name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;

-- Log entries that receipts of the exchange promise, until the log was seen to hold them. due_s: by
-- this time of the log a checkpoint covers the entry; NULL before the first was read.
CREATE TABLE promise (receipt BLOB PRIMARY KEY, due_s INTEGER) STRICT, WITHOUT ROWID;

-- Receipts of an exchange that was restored since: it may have lost the entries they name.
CREATE TABLE excused (receipt BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;

-- How far each partner cosigned the log, and its acts that it has not cosigned yet. How far a light
-- node of each partner signed the log, which counts for no quorum.
CREATE TABLE partner (
  agency TEXT PRIMARY KEY, size INTEGER NOT NULL, time_s INTEGER NOT NULL, first INTEGER,
  first_ms INTEGER, last INTEGER, last_ms INTEGER, witnessed INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- Evidence that the log signed two histories. It stays for ever; a decision lifts the stop.
-- ``kind``: ``equivocation``, or ``directory`` for a directory that differs from the entries' one.
CREATE TABLE accusation (
  id BLOB PRIMARY KEY, time_ms INTEGER NOT NULL, evidence BLOB NOT NULL, decision TEXT NOT NULL,
  kind TEXT NOT NULL DEFAULT 'equivocation'
) STRICT, WITHOUT ROWID;

-- Orders to erase contents of entries, by the order's own entry; and the entries that each erased.
CREATE TABLE erasure_order (entry INTEGER PRIMARY KEY, sealed BLOB NOT NULL) STRICT;

CREATE TABLE erasure (idx INTEGER PRIMARY KEY, entry INTEGER NOT NULL) STRICT;

-- The node's own access log: what was read here and by whom, and the tree over it.
CREATE TABLE access_entry (idx INTEGER PRIMARY KEY, sealed BLOB NOT NULL) STRICT;

CREATE TABLE access_node (
  level INTEGER NOT NULL, idx INTEGER NOT NULL, hash BLOB NOT NULL,
  PRIMARY KEY (level, idx)
) STRICT, WITHOUT ROWID;

-- Anchors of the access log in the exchange's log, with their openings.
CREATE TABLE access_anchor (
  number INTEGER PRIMARY KEY, statement_id BLOB NOT NULL, sealed BLOB NOT NULL
) STRICT;

-- The keys that were made here, by id, also when their private half is gone.
CREATE TABLE made (id BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
