-- The exchange's database: its log, mailboxes, and the rows that judging reads.
-- Rows of the log are never changed; every other row says which entry made it.

-- One row: which life of this database it is, and the tree over the log. serial: number of the
-- last transaction; some bring no entry of the log.
CREATE TABLE head (
  one INTEGER PRIMARY KEY CHECK (one = 1), epoch BLOB NOT NULL, size INTEGER NOT NULL,
  frontier BLOB NOT NULL, time_ms INTEGER NOT NULL, serial INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO head VALUES (1, randomblob(16), 0, x'', 0, 0);

CREATE TABLE checkpoint (
  one INTEGER PRIMARY KEY CHECK (one = 1), size INTEGER NOT NULL, note BLOB NOT NULL
) STRICT;

-- The log. A blind entry has 33 bytes, and no clear one is that short.
CREATE TABLE entry (idx INTEGER PRIMARY KEY, entry BLOB NOT NULL) STRICT;
CREATE INDEX entry_clear ON entry (idx) WHERE length(entry) <> 33 AND length(entry) <> 41;
CREATE INDEX entry_directory ON entry (idx) WHERE length(entry) = 41;

-- Perfect subtrees of two leaves and more; a leaf's hash follows from its entry.
CREATE TABLE node (
  level INTEGER NOT NULL, idx INTEGER NOT NULL, hash BLOB NOT NULL,
  PRIMARY KEY (level, idx)
) STRICT, WITHOUT ROWID;

-- Directory entries whose time changed a member. A start reads these, those beside clear entries,
-- and the newest, of a year's half a million.
CREATE TABLE directory_effect (idx INTEGER PRIMARY KEY) STRICT;

-- Checkpoints that agencies cosigned, with their lines; only the newest sizes stay.
-- A row for each cosigner, so that a line is stored without reading those of others.
CREATE TABLE cosigned (
  cosigner TEXT NOT NULL, size INTEGER NOT NULL, note BLOB NOT NULL,
  PRIMARY KEY (cosigner, size)
) STRICT;
CREATE INDEX cosigned_size ON cosigned (size);

-- Evidence that this log signed two histories. It stays for ever.
CREATE TABLE evidence (id BLOB PRIMARY KEY, evidence BLOB NOT NULL) STRICT, WITHOUT ROWID;

-- Each time this database was restored. Entries from start up to stop came back from an agency's
-- mirror, without what they hide. settled: whether it is known that nothing behind was signed.
CREATE TABLE restoration (
  one INTEGER PRIMARY KEY, start INTEGER NOT NULL, stop INTEGER NOT NULL, time_ms INTEGER NOT NULL,
  settled INTEGER NOT NULL
) STRICT;

-- Entries whose contents were erased, and the entry of the order that says so.
CREATE TABLE erasure (idx INTEGER PRIMARY KEY, statement INTEGER NOT NULL) STRICT;

-- Events, which blind entries hide. The values that searches ask for are in the event's encoding:
-- a row has their places, a position and in the lowest 12 bits a size, in place of a second copy. A
-- value that is not there, as after tampering, becomes empty; ``verify-log`` reports it.
CREATE TABLE event (
  idx INTEGER PRIMARY KEY, salt BLOB NOT NULL, event BLOB NOT NULL, time_ms INTEGER NOT NULL,
  code_at INTEGER NOT NULL, outcome_at INTEGER NOT NULL, reason_at INTEGER NOT NULL,
  actor_at INTEGER NOT NULL, party_at INTEGER NOT NULL, statement_at INTEGER NOT NULL,
  packet_at INTEGER NOT NULL, agreement_at INTEGER NOT NULL,
  code TEXT AS (CAST(substr(event, code_at >> 12, code_at & 4095) AS TEXT)),
  outcome TEXT AS (CAST(substr(event, outcome_at >> 12, outcome_at & 4095) AS TEXT)),
  reason TEXT AS (CAST(substr(event, reason_at >> 12, reason_at & 4095) AS TEXT)),
  actor TEXT AS (CAST(substr(event, actor_at >> 12, actor_at & 4095) AS TEXT)),
  party TEXT AS (CAST(substr(event, party_at >> 12, party_at & 4095) AS TEXT)),
  statement BLOB AS (substr(event, statement_at >> 12, statement_at & 4095)),
  packet BLOB AS (substr(event, packet_at >> 12, packet_at & 4095)),
  agreement BLOB AS (substr(event, agreement_at >> 12, agreement_at & 4095))
) STRICT;
CREATE INDEX event_statement ON event (statement);
CREATE INDEX event_packet ON event (packet) WHERE packet <> x'';
CREATE INDEX event_agreement ON event (agreement) WHERE agreement <> x'';
CREATE INDEX event_release ON event (packet, party)
  WHERE packet <> x'' AND code = 'grant-accepted' AND outcome = 'ok';

-- Whose auditors may see an event.
CREATE TABLE event_agency (
  agency TEXT NOT NULL, idx INTEGER NOT NULL,
  PRIMARY KEY (agency, idx)
) STRICT, WITHOUT ROWID;

-- Statements and their outcomes. idx: the entry that the receipt names; natural: the identifier
-- that it alone may bear, or NULL; packet: of a grant, the statement id of its packet's manifest;
-- code: of its refusal, or empty; envelope: as it travels, or NULL for a refused one.
CREATE TABLE statement (
  idx INTEGER PRIMARY KEY, id BLOB NOT NULL, signer TEXT NOT NULL, type INTEGER NOT NULL,
  natural BLOB, packet BLOB, code TEXT NOT NULL, why TEXT NOT NULL, envelope BLOB
) STRICT;
CREATE UNIQUE INDEX statement_id ON statement (id, signer);
CREATE UNIQUE INDEX statement_natural ON statement (signer, natural) WHERE natural IS NOT NULL;

-- Signatures, each once, however many statements stand under it. Receipts are not stored: they
-- follow from the entry, and are signed again for each retry.
CREATE TABLE attestation (hash BLOB PRIMARY KEY, attestation BLOB NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE agreement (
  id BLOB NOT NULL, version INTEGER NOT NULL, statement INTEGER NOT NULL,
  PRIMARY KEY (id, version)
) STRICT, WITHOUT ROWID;

-- empty_ms: when the bucket of marks is empty, in log time.
CREATE TABLE channel (
  sender TEXT NOT NULL, recipient TEXT NOT NULL, agreement BLOB NOT NULL, seq INTEGER NOT NULL,
  mark INTEGER NOT NULL, empty_ms INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (sender, recipient, agreement)
) STRICT, WITHOUT ROWID;

-- A mailbox for each node. entry: the event that the node is told of; delivered: the entry of a
-- grant's first delivery; status: the last receipt of this node about it; held: the entry that says
-- that a suspension keeps it; passed: whether the node's reading went past an item that was not
-- handed out; agency, bytes: the agency in whose room it waits, and its size there; agreement: of a
-- grant that waits to be handed out, so that a suspension finds those that it stops.
CREATE TABLE mail (
  node TEXT NOT NULL, seq INTEGER NOT NULL, statement INTEGER NOT NULL, entry INTEGER NOT NULL,
  delivered INTEGER, status INTEGER, held INTEGER, passed INTEGER NOT NULL DEFAULT 0,
  agency TEXT NOT NULL DEFAULT '', bytes INTEGER NOT NULL DEFAULT 0,
  agreement BLOB NOT NULL DEFAULT x'',
  PRIMARY KEY (node, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX mail_statement ON mail (statement);
CREATE INDEX mail_entry ON mail (entry);
CREATE INDEX mail_open ON mail (agreement, node, seq)
  WHERE agreement <> x'' AND delivered IS NULL AND held IS NULL AND NOT passed;

-- How far each node has taken its mailbox in.
CREATE TABLE acknowledged (node TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- Unacknowledged items of each agency for each node.
CREATE TABLE waiting (
  node TEXT NOT NULL, agency TEXT NOT NULL, statements INTEGER NOT NULL, bytes INTEGER NOT NULL,
  PRIMARY KEY (node, agency)
) STRICT, WITHOUT ROWID;

-- Packets, once however many recipients. accepted_ms: by the log's time; ends_ms: when to look
-- whether it has ended: it does not end before. NULL where its ciphertexts are gone.
CREATE TABLE packet (
  id BLOB PRIMARY KEY, statement INTEGER NOT NULL, openings BLOB NOT NULL,
  agreement BLOB NOT NULL DEFAULT x'', accepted_ms INTEGER NOT NULL DEFAULT 0, ends_ms INTEGER
) STRICT;
CREATE INDEX packet_ends ON packet (ends_ms) WHERE ends_ms IS NOT NULL;
CREATE INDEX packet_age ON packet (agreement, accepted_ms) WHERE ends_ms IS NOT NULL;

-- Ciphertexts apart from openings: judging a grant reads none. Both are encoded as parts of a
-- packet, whose fields are 1 the manifest, 2 the openings, 3 the ciphertexts.
CREATE TABLE ciphertext (packet BLOB PRIMARY KEY, parts BLOB NOT NULL) STRICT;

-- Which packets take the place of which, by the ids of their manifests; one for each.
CREATE TABLE correction (
  packet BLOB PRIMARY KEY, corrects BLOB NOT NULL UNIQUE
) STRICT, WITHOUT ROWID;

-- Which packets were made from others, by the ids of their manifests.
CREATE TABLE derivation (
  packet BLOB NOT NULL, source BLOB NOT NULL,
  PRIMARY KEY (packet, source)
) STRICT, WITHOUT ROWID;

-- Recalls of a packet, from one node or, where that is empty, from everybody: one grant or all of
-- them, some slots or all (four bytes each).
CREATE TABLE recall (
  packet BLOB NOT NULL, node TEXT NOT NULL, grant_id BLOB NOT NULL, slots BLOB NOT NULL,
  PRIMARY KEY (packet, node, grant_id, slots)
) STRICT, WITHOUT ROWID;

-- The newest standing of each agency under each agreement. empty_ms: when the agency's bucket of
-- standings is empty, in log time.
CREATE TABLE standing (
  agency TEXT NOT NULL, agreement BLOB NOT NULL, statement INTEGER NOT NULL,
  empty_ms INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (agency, agreement)
) STRICT, WITHOUT ROWID;

-- From which entry to which an agency had something suspended, scope by scope, by the log: it stops
-- the clocks of requests. sender, recipient: of a single direction, else empty. ended,
-- ended_ms: NULL while it is suspended.
CREATE TABLE stoppage (
  agreement BLOB NOT NULL, article TEXT NOT NULL, agency TEXT NOT NULL, sender TEXT NOT NULL,
  recipient TEXT NOT NULL, began INTEGER NOT NULL, began_ms INTEGER NOT NULL, ended INTEGER,
  ended_ms INTEGER,
  PRIMARY KEY (agreement, article, agency, sender, recipient, began)
) STRICT, WITHOUT ROWID;
CREATE INDEX stoppage_end ON stoppage (agreement, article, ended_ms);

-- Versions of agreements that changed how far that reaches: who is a party, which articles there
-- are, which of them stop for all; each a list with spaces between.
CREATE TABLE reach (
  agreement BLOB NOT NULL, entry INTEGER NOT NULL, time_ms INTEGER NOT NULL, parties TEXT NOT NULL,
  articles TEXT NOT NULL, joint TEXT NOT NULL,
  PRIMARY KEY (agreement, entry)
) STRICT, WITHOUT ROWID;

-- Requests for records, each in one holder's mailbox. due_ms: when to look whether an answer is
-- overdue; overdue_ms: the last such time of which the log says that it passed; stopped: whether a
-- suspension stops the clock, judged anew with each change under the agreement; article: the key of
-- its stoppages.
CREATE TABLE request (
  packet BLOB NOT NULL, holder TEXT NOT NULL, asker TEXT NOT NULL, agreement BLOB NOT NULL,
  version INTEGER NOT NULL, granted_ms INTEGER NOT NULL, stored_ms INTEGER, due_ms INTEGER,
  overdue_ms INTEGER, stopped INTEGER NOT NULL DEFAULT 0, article TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (packet, holder)
) STRICT, WITHOUT ROWID;
CREATE INDEX request_due ON request (due_ms) WHERE due_ms IS NOT NULL;
CREATE INDEX request_stopped ON request (agreement) WHERE stopped;

-- Their steps, by the entry of each step's statement.
CREATE TABLE request_step (
  statement INTEGER PRIMARY KEY, packet BLOB NOT NULL, holder TEXT NOT NULL,
  time_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX request_step_of ON request_step (packet, holder);

-- The newest step of each case from one agency to another, by the entry of its statement.
CREATE TABLE case_step (
  case_id BLOB NOT NULL, sender TEXT NOT NULL, recipient TEXT NOT NULL, statement INTEGER NOT NULL,
  PRIMARY KEY (case_id, sender, recipient)
) STRICT, WITHOUT ROWID;

-- Budgets of agencies: when each part's buckets are empty, in log time, in microseconds.
CREATE TABLE budget (
  agency TEXT NOT NULL, part TEXT NOT NULL, entries_us INTEGER NOT NULL, bytes_us INTEGER NOT NULL,
  PRIMARY KEY (agency, part)
) STRICT, WITHOUT ROWID;
