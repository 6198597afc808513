-- beside: 1
-- The first schema: the tables of the SQLite store as they are today. Rows of the log are never
-- changed. serial: the number of the transaction that wrote a row last, by which the other
-- processes find what is new.

CREATE TABLE head (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  epoch BYTEA NOT NULL,
  size BIGINT NOT NULL,
  frontier BYTEA NOT NULL,
  time_ms BIGINT NOT NULL,
  serial BIGINT NOT NULL
) WITH (fillfactor = 10);
INSERT INTO head VALUES (1, uuid_send(gen_random_uuid()), 0, '', 0, 0);

-- The last transaction of each process: where the answer to a COMMIT was lost, it is here.
CREATE TABLE writer (id BYTEA PRIMARY KEY, serial BIGINT NOT NULL) WITH (fillfactor = 10);

CREATE TABLE checkpoint (
  one INTEGER PRIMARY KEY CHECK (one = 1), size BIGINT NOT NULL, note BYTEA NOT NULL
);

-- The log. A blind entry has 33 bytes, and no clear one is that short.
CREATE TABLE entry (idx BIGINT PRIMARY KEY, entry BYTEA NOT NULL);
CREATE INDEX entry_clear ON entry (idx) WHERE length(entry) <> 33;
-- Perfect subtrees of two leaves and more; a leaf's hash follows from its entry.
CREATE TABLE node (
  level BIGINT NOT NULL, idx BIGINT NOT NULL, hash BYTEA NOT NULL, PRIMARY KEY (level, idx)
);

-- What blind entries hide, and by what they are found.
CREATE TABLE event (
  idx BIGINT PRIMARY KEY,
  salt BYTEA NOT NULL,
  event BYTEA NOT NULL,
  time_ms BIGINT NOT NULL,
  code TEXT COLLATE "C" NOT NULL,
  outcome TEXT COLLATE "C" NOT NULL,
  reason TEXT COLLATE "C" NOT NULL,
  actor TEXT COLLATE "C" NOT NULL,
  party TEXT COLLATE "C" NOT NULL,
  statement BYTEA NOT NULL,
  packet BYTEA NOT NULL,
  agreement BYTEA NOT NULL
);
CREATE INDEX event_statement ON event (statement);
CREATE INDEX event_packet ON event (packet, idx) WHERE packet <> '';
CREATE INDEX event_agreement ON event (agreement, idx) WHERE agreement <> '';
-- Whose auditors may see an event.
CREATE TABLE event_agency (
  agency TEXT COLLATE "C" NOT NULL, idx BIGINT NOT NULL, PRIMARY KEY (agency, idx)
);
-- Entries whose contents were erased, and the entry of the order that says so.
CREATE TABLE erasure (idx BIGINT PRIMARY KEY, statement BIGINT NOT NULL);

-- Signatures, each once, however many statements stand under it.
CREATE TABLE attestation (hash BYTEA PRIMARY KEY, attestation BYTEA NOT NULL);

-- What was said and what became of it; idx is the entry that its receipt tells of.
CREATE TABLE statement (
  idx BIGINT PRIMARY KEY,
  id BYTEA NOT NULL,
  signer TEXT COLLATE "C" NOT NULL,
  type BIGINT NOT NULL,
  "natural" BYTEA,              -- the identifier that it alone may bear, or NULL
  packet BYTEA,                 -- of a grant: the statement id of its packet's manifest
  code TEXT COLLATE "C" NOT NULL, -- of its refusal; empty where it was accepted
  why TEXT NOT NULL,
  receipt BYTEA NOT NULL,
  signature BYTEA NOT NULL,     -- hash of the attestation over the receipt
  envelope BYTEA                -- as it travels; NULL where it was refused
);
CREATE UNIQUE INDEX statement_id ON statement (id, signer);
CREATE UNIQUE INDEX statement_natural ON statement (signer, "natural") WHERE "natural" IS NOT NULL;

-- Openings and ciphertexts of a packet, once however many recipients: they do not compress.
CREATE TABLE packet (id BYTEA PRIMARY KEY, statement BIGINT NOT NULL, parts BYTEA NOT NULL);
ALTER TABLE packet ALTER COLUMN parts SET STORAGE EXTERNAL;
-- Which packets were made from others, by the ids of their manifests.
CREATE TABLE derivation (packet BYTEA NOT NULL, source BYTEA NOT NULL, PRIMARY KEY (packet, source));
-- What was recalled of a packet, from one node or, where that is empty, from everybody: one grant
-- or all of them, some slots or all (four bytes each).
CREATE TABLE recall (
  packet BYTEA NOT NULL, node TEXT COLLATE "C" NOT NULL, grant_id BYTEA NOT NULL,
  slots BYTEA NOT NULL, PRIMARY KEY (packet, node, grant_id, slots)
);

CREATE TABLE agreement (
  id BYTEA NOT NULL, version BIGINT NOT NULL, statement BIGINT NOT NULL, serial BIGINT NOT NULL,
  PRIMARY KEY (id, version)
);
-- Where each agency stands under each agreement, newest.
CREATE TABLE standing (
  agency TEXT COLLATE "C" NOT NULL, agreement BYTEA NOT NULL, statement BIGINT NOT NULL,
  serial BIGINT NOT NULL, PRIMARY KEY (agency, agreement)
);
-- Standings that changed what is suspended, by the entries of their statements: what stops the
-- clocks of requests.
CREATE TABLE standing_change (
  agreement BYTEA NOT NULL, statement BIGINT NOT NULL, time_ms BIGINT NOT NULL,
  PRIMARY KEY (agreement, statement)
);
-- The newest step of each case from one agency to another, by the entry of its statement.
CREATE TABLE case_step (
  case_id BYTEA NOT NULL, sender TEXT COLLATE "C" NOT NULL, recipient TEXT COLLATE "C" NOT NULL,
  statement BIGINT NOT NULL, serial BIGINT NOT NULL, PRIMARY KEY (case_id, sender, recipient)
);
CREATE TABLE channel (
  sender TEXT COLLATE "C" NOT NULL, recipient TEXT COLLATE "C" NOT NULL, agreement BYTEA NOT NULL,
  seq BIGINT NOT NULL, mark BIGINT NOT NULL, serial BIGINT NOT NULL,
  PRIMARY KEY (sender, recipient, agreement)
) WITH (fillfactor = 50);

-- The last place of each mailbox, and its items. entry: the event that the node is told of;
-- delivered: the entry of a grant's first delivery; status: the last receipt of this node about
-- it; held: the entry that says that a suspension keeps it; passed: whether the node's reading
-- went past it, and it was not handed out.
CREATE TABLE mailbox (
  node TEXT COLLATE "C" PRIMARY KEY, seq BIGINT NOT NULL, serial BIGINT NOT NULL
) WITH (fillfactor = 50);
CREATE TABLE mail (
  node TEXT COLLATE "C" NOT NULL, seq BIGINT NOT NULL,
  statement BIGINT NOT NULL, entry BIGINT NOT NULL,
  delivered BIGINT, status BIGINT, held BIGINT, passed BOOLEAN NOT NULL DEFAULT FALSE,
  PRIMARY KEY (node, seq)
);
CREATE INDEX mail_statement ON mail (statement);
CREATE INDEX mail_entry ON mail (entry);
-- How far each node has taken its mailbox in.
CREATE TABLE acknowledged (node TEXT COLLATE "C" PRIMARY KEY, seq BIGINT NOT NULL);

-- Requests for records; due_ms: when to look whether an answer is overdue, overdue_ms: the last
-- such time of which the log says that it passed; stopped: whether a clock was found to stand
-- still for a suspension: it is looked at again when something changes under its agreement.
CREATE TABLE request (
  packet BYTEA NOT NULL, holder TEXT COLLATE "C" NOT NULL, asker TEXT COLLATE "C" NOT NULL,
  agreement BYTEA NOT NULL, version BIGINT NOT NULL,
  granted_ms BIGINT NOT NULL, stored_ms BIGINT, due_ms BIGINT, overdue_ms BIGINT,
  stopped BOOLEAN NOT NULL, PRIMARY KEY (packet, holder)
);
CREATE INDEX request_stopped ON request (agreement) WHERE stopped;
CREATE INDEX request_due ON request (due_ms) WHERE due_ms IS NOT NULL;
-- Their steps, by the entry of each step's statement.
CREATE TABLE request_step (
  statement BIGINT PRIMARY KEY, packet BYTEA NOT NULL, holder TEXT COLLATE "C" NOT NULL,
  time_ms BIGINT NOT NULL
);
CREATE INDEX request_step_of ON request_step (packet, holder);

-- Checkpoints that agencies cosigned, with their lines; only the newest sizes stay.
CREATE TABLE cosigned (size BIGINT PRIMARY KEY, note BYTEA NOT NULL);
-- What shows that this log signed two histories. It stays for ever.
CREATE TABLE evidence (id BYTEA PRIMARY KEY, evidence BYTEA NOT NULL);
-- Each time this database was restored; see the SQLite store.
CREATE TABLE restoration (
  one BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  start BIGINT NOT NULL, stop BIGINT NOT NULL, time_ms BIGINT NOT NULL, settled BOOLEAN NOT NULL
);
