-- The first schema. Rows of the log are never changed; every other row says which entry made it.

-- One row: which life of this database it is, and the tree over the log.
CREATE TABLE head (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  epoch BLOB NOT NULL,
  size INTEGER NOT NULL,
  frontier BLOB NOT NULL,
  time_ms INTEGER NOT NULL
) STRICT;
INSERT INTO head VALUES (1, randomblob(16), 0, x'', 0);

CREATE TABLE checkpoint (
  one INTEGER PRIMARY KEY CHECK (one = 1), size INTEGER NOT NULL, note BLOB NOT NULL
) STRICT;

-- The log. A blind entry has 33 bytes, and no clear one is that short.
CREATE TABLE entry (idx INTEGER PRIMARY KEY, entry BLOB NOT NULL) STRICT;
CREATE INDEX entry_clear ON entry (idx) WHERE length(entry) <> 33;
-- Perfect subtrees of two leaves and more; a leaf's hash follows from its entry.
CREATE TABLE node (
  level INTEGER NOT NULL, idx INTEGER NOT NULL, hash BLOB NOT NULL, PRIMARY KEY (level, idx)
) STRICT, WITHOUT ROWID;

-- What blind entries hide, and by what they are found.
CREATE TABLE event (
  idx INTEGER PRIMARY KEY,
  salt BLOB NOT NULL,
  event BLOB NOT NULL,
  time_ms INTEGER NOT NULL,
  code TEXT NOT NULL,
  outcome TEXT NOT NULL,
  reason TEXT NOT NULL,
  actor TEXT NOT NULL,
  party TEXT NOT NULL,
  statement BLOB NOT NULL,
  packet BLOB NOT NULL,
  agreement BLOB NOT NULL
) STRICT;
CREATE INDEX event_statement ON event (statement);
CREATE INDEX event_packet ON event (packet) WHERE packet <> x'';
-- Whose auditors may see an event.
CREATE TABLE event_agency (
  agency TEXT NOT NULL, idx INTEGER NOT NULL, PRIMARY KEY (agency, idx)
) STRICT, WITHOUT ROWID;

-- Signatures, each once, however many statements stand under it.
CREATE TABLE attestation (hash BLOB PRIMARY KEY, attestation BLOB NOT NULL) STRICT, WITHOUT ROWID;

-- What was said and what became of it; idx is the entry that its receipt tells of.
CREATE TABLE statement (
  idx INTEGER PRIMARY KEY,
  id BLOB NOT NULL,
  signer TEXT NOT NULL,
  type INTEGER NOT NULL,
  natural BLOB,                 -- the identifier that it alone may bear, or NULL
  packet BLOB,                  -- of a grant: the statement id of its packet's manifest
  code TEXT NOT NULL,           -- of its refusal; empty where it was accepted
  why TEXT NOT NULL,
  receipt BLOB NOT NULL,
  signature BLOB NOT NULL,      -- hash of the attestation over the receipt
  envelope BLOB                 -- as it travels; NULL where it was refused
) STRICT;
CREATE UNIQUE INDEX statement_id ON statement (id, signer);
CREATE UNIQUE INDEX statement_natural ON statement (signer, natural) WHERE natural IS NOT NULL;

-- Openings and ciphertexts of a packet, once however many recipients.
CREATE TABLE packet (id BLOB PRIMARY KEY, statement INTEGER NOT NULL, parts BLOB NOT NULL) STRICT;

CREATE TABLE agreement (
  id BLOB NOT NULL, version INTEGER NOT NULL, statement INTEGER NOT NULL, PRIMARY KEY (id, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE channel (
  sender TEXT NOT NULL, recipient TEXT NOT NULL, agreement BLOB NOT NULL,
  seq INTEGER NOT NULL, mark INTEGER NOT NULL,
  PRIMARY KEY (sender, recipient, agreement)
) STRICT, WITHOUT ROWID;

-- A mailbox for each node. entry: the event that the node is told of; delivered: the entry of
-- a grant's first delivery; status: the last receipt of this node about it.
CREATE TABLE mail (
  node TEXT NOT NULL, seq INTEGER NOT NULL,
  statement INTEGER NOT NULL, entry INTEGER NOT NULL,
  delivered INTEGER, status INTEGER,
  PRIMARY KEY (node, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX mail_statement ON mail (statement);

-- How far each node has taken its mailbox in.
CREATE TABLE acknowledged (node TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- Checkpoints that agencies cosigned, with their lines; only the newest sizes stay.
CREATE TABLE cosigned (size INTEGER PRIMARY KEY, note BLOB NOT NULL) STRICT;
-- What shows that this log signed two histories. It stays for ever.
CREATE TABLE evidence (id BLOB PRIMARY KEY, evidence BLOB NOT NULL) STRICT, WITHOUT ROWID;
