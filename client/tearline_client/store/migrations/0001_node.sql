-- The node's database. Columns named `sealed` are opened by the vault.
-- Databases made by this script exist: what is new comes in a script of its own.

CREATE TABLE setting (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;

-- The log as this node follows it: every entry, and the nodes that prove it.
CREATE TABLE log_entry (idx INTEGER PRIMARY KEY, entry BLOB NOT NULL) STRICT;
CREATE TABLE log_node (
  level INTEGER NOT NULL, idx INTEGER NOT NULL, hash BLOB NOT NULL,
  PRIMARY KEY (level, idx)
) STRICT, WITHOUT ROWID;
-- What this node was told of the blind entries that concern it.
CREATE TABLE log_opening (
  event_id BLOB PRIMARY KEY, idx INTEGER NOT NULL, statement_id BLOB NOT NULL, sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX log_opening_statement ON log_opening (statement_id);

CREATE TABLE agreement (
  id BLOB NOT NULL, version INTEGER NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (id, version)
) STRICT, WITHOUT ROWID;

-- A packet once, whether it is ours or a partner's.
CREATE TABLE packet (
  id BLOB PRIMARY KEY, origin TEXT NOT NULL, received_ms INTEGER NOT NULL,
  manifest BLOB NOT NULL, parts BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX packet_received ON packet (received_ms, id);
-- The keys to it, apart: deleting the row erases the contents.
CREATE TABLE packet_key (
  packet BLOB NOT NULL, grant_id BLOB NOT NULL, sealed BLOB NOT NULL,
  PRIMARY KEY (packet, grant_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE packet_grant (
  statement_id BLOB PRIMARY KEY, packet BLOB NOT NULL, peer TEXT NOT NULL,
  incoming INTEGER NOT NULL, status INTEGER NOT NULL, sealed BLOB NOT NULL,
  told INTEGER NOT NULL DEFAULT 0 -- of an incoming grant: the status its grantor was told
) STRICT, WITHOUT ROWID;
CREATE INDEX packet_grant_packet ON packet_grant (packet);
CREATE TABLE receipt (
  statement_id BLOB PRIMARY KEY, about BLOB NOT NULL, status INTEGER NOT NULL, sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX receipt_about ON receipt (about);

-- What is on its way: sealed once, sent as often as needed, in order.
CREATE TABLE outbox (
  id INTEGER PRIMARY KEY, urgent INTEGER NOT NULL, state TEXT NOT NULL, sealed BLOB NOT NULL,
  code TEXT NOT NULL DEFAULT '', why TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX outbox_waiting ON outbox (urgent DESC, id) WHERE state IN ('sealed', 'unknown');

CREATE TABLE channel_out (
  recipient TEXT NOT NULL, agreement BLOB NOT NULL, seq INTEGER NOT NULL,
  mark INTEGER NOT NULL DEFAULT 0, marked_sent INTEGER NOT NULL DEFAULT -1,
  marked_received INTEGER NOT NULL DEFAULT -1,
  PRIMARY KEY (recipient, agreement)
) STRICT, WITHOUT ROWID;
CREATE TABLE channel_in (
  sender TEXT NOT NULL, agreement BLOB NOT NULL, contiguous INTEGER NOT NULL,
  PRIMARY KEY (sender, agreement)
) STRICT, WITHOUT ROWID;
CREATE TABLE channel_ahead (
  sender TEXT NOT NULL, agreement BLOB NOT NULL, seq INTEGER NOT NULL, statement_id BLOB NOT NULL,
  PRIMARY KEY (sender, agreement, seq)
) STRICT, WITHOUT ROWID;

-- Statement ids that were taken in, so that a reread mailbox does nothing twice.
CREATE TABLE taken (statement_id BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
-- What could not be taken in, with its code, and what must be kept as evidence.
CREATE TABLE quarantine (
  id INTEGER PRIMARY KEY, time_ms INTEGER NOT NULL, code TEXT NOT NULL, why TEXT NOT NULL,
  sealed BLOB NOT NULL
) STRICT;
