-- beside: 1
-- The tables of the SQLite store, whose script explains them, and those of several processes. Rows
-- of the log are never changed. serial: the number of the transaction that wrote a row last, by
-- which other processes find new rows.

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
CREATE INDEX entry_clear ON entry (idx) WHERE length(entry) <> 33 AND length(entry) <> 41;
CREATE INDEX entry_directory ON entry (idx) WHERE length(entry) = 41;
CREATE TABLE directory_effect (idx BIGINT PRIMARY KEY);
-- Perfect subtrees of two leaves and more; a leaf's hash follows from its entry.
CREATE TABLE node (
  level BIGINT NOT NULL, idx BIGINT NOT NULL, hash BYTEA NOT NULL, PRIMARY KEY (level, idx)
);

-- Events, which blind entries hide.
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
CREATE INDEX event_release ON event (packet, party)
  WHERE packet <> '' AND code = 'grant-accepted' AND outcome = 'ok';
-- Whose auditors may see an event.
CREATE TABLE event_agency (
  agency TEXT COLLATE "C" NOT NULL, idx BIGINT NOT NULL, PRIMARY KEY (agency, idx)
);
-- Entries whose contents were erased, and the entry of the order that says so.
CREATE TABLE erasure (idx BIGINT PRIMARY KEY, statement BIGINT NOT NULL);

-- Signatures, each once, however many statements stand under it.
CREATE TABLE attestation (hash BYTEA PRIMARY KEY, attestation BYTEA NOT NULL);

-- Statements and their outcomes; idx is the entry that the receipt names.
CREATE TABLE statement (
  idx BIGINT PRIMARY KEY,
  id BYTEA NOT NULL,
  signer TEXT COLLATE "C" NOT NULL,
  type BIGINT NOT NULL,
  "natural" BYTEA,              -- the identifier that it alone may bear, or NULL
  packet BYTEA,                 -- of a grant: the statement id of its packet's manifest
  code TEXT COLLATE "C" NOT NULL, -- of its refusal; empty where it was accepted
  why TEXT NOT NULL,
  envelope BYTEA                -- as it travels; NULL where it was refused
);
CREATE UNIQUE INDEX statement_id ON statement (id, signer);
CREATE UNIQUE INDEX statement_natural ON statement (signer, "natural") WHERE "natural" IS NOT NULL;

-- Packets, once however many recipients, and their ciphertexts, which do not compress.
CREATE TABLE packet (
  id BYTEA PRIMARY KEY, statement BIGINT NOT NULL, agreement BYTEA NOT NULL DEFAULT '',
  accepted_ms BIGINT NOT NULL DEFAULT 0, ends_ms BIGINT, openings BYTEA NOT NULL
);
CREATE INDEX packet_ends ON packet (ends_ms) WHERE ends_ms IS NOT NULL;
CREATE INDEX packet_age ON packet (agreement, accepted_ms) WHERE ends_ms IS NOT NULL;
CREATE TABLE ciphertext (packet BYTEA PRIMARY KEY, parts BYTEA NOT NULL);
ALTER TABLE ciphertext ALTER COLUMN parts SET STORAGE EXTERNAL;
-- Which packets take the place of which, by the ids of their manifests; one for each.
CREATE TABLE correction (packet BYTEA PRIMARY KEY, corrects BYTEA NOT NULL UNIQUE);
-- Which packets were made from others, by the ids of their manifests.
CREATE TABLE derivation (
  packet BYTEA NOT NULL, source BYTEA NOT NULL, PRIMARY KEY (packet, source)
);
-- Recalls of a packet, from one node or, where that is empty, from everybody: one grant
-- or all of them, some slots or all (four bytes each).
CREATE TABLE recall (
  packet BYTEA NOT NULL, node TEXT COLLATE "C" NOT NULL, grant_id BYTEA NOT NULL,
  slots BYTEA NOT NULL, PRIMARY KEY (packet, node, grant_id, slots)
);

CREATE TABLE agreement (
  id BYTEA NOT NULL, version BIGINT NOT NULL, statement BIGINT NOT NULL, serial BIGINT NOT NULL,
  PRIMARY KEY (id, version)
);
CREATE INDEX agreement_serial ON agreement (serial);
-- The newest standing of each agency under each agreement. empty_ms: when the agency's bucket of
-- standings is empty, in log time.
CREATE TABLE standing (
  agency TEXT COLLATE "C" NOT NULL, agreement BYTEA NOT NULL, statement BIGINT NOT NULL,
  serial BIGINT NOT NULL, empty_ms BIGINT NOT NULL DEFAULT 0, PRIMARY KEY (agency, agreement)
);
CREATE INDEX standing_serial ON standing (serial);
-- From which entry to which an agency had something suspended, scope by scope, by the log.
CREATE TABLE stoppage (
  agreement BYTEA NOT NULL, article TEXT COLLATE "C" NOT NULL, agency TEXT COLLATE "C" NOT NULL,
  sender TEXT COLLATE "C" NOT NULL, recipient TEXT COLLATE "C" NOT NULL, began BIGINT NOT NULL,
  began_ms BIGINT NOT NULL, ended BIGINT, ended_ms BIGINT,
  PRIMARY KEY (agreement, article, agency, sender, recipient, began)
);
CREATE INDEX stoppage_end ON stoppage (agreement, article, ended_ms);
-- Versions of agreements that changed parties, articles, or which articles stop for all.
CREATE TABLE reach (
  agreement BYTEA NOT NULL, entry BIGINT NOT NULL, time_ms BIGINT NOT NULL,
  parties TEXT NOT NULL, articles TEXT NOT NULL, joint TEXT NOT NULL,
  PRIMARY KEY (agreement, entry)
);
-- The newest step of each case from one agency to another, by the entry of its statement.
CREATE TABLE case_step (
  case_id BYTEA NOT NULL, sender TEXT COLLATE "C" NOT NULL, recipient TEXT COLLATE "C" NOT NULL,
  statement BIGINT NOT NULL, serial BIGINT NOT NULL, PRIMARY KEY (case_id, sender, recipient)
);
CREATE INDEX case_step_serial ON case_step (serial);
-- empty_ms: when the bucket of marks is empty, in log time.
CREATE TABLE channel (
  sender TEXT COLLATE "C" NOT NULL, recipient TEXT COLLATE "C" NOT NULL, agreement BYTEA NOT NULL,
  seq BIGINT NOT NULL, mark BIGINT NOT NULL, serial BIGINT NOT NULL,
  empty_ms BIGINT NOT NULL DEFAULT 0, PRIMARY KEY (sender, recipient, agreement)
) WITH (fillfactor = 50);
CREATE INDEX channel_serial ON channel (serial);

-- The last place of each mailbox, and its items.
CREATE TABLE mailbox (
  node TEXT COLLATE "C" PRIMARY KEY, seq BIGINT NOT NULL, serial BIGINT NOT NULL
) WITH (fillfactor = 50);
CREATE INDEX mailbox_serial ON mailbox (serial);
CREATE TABLE mail (
  node TEXT COLLATE "C" NOT NULL, seq BIGINT NOT NULL,
  statement BIGINT NOT NULL, entry BIGINT NOT NULL,
  delivered BIGINT, status BIGINT, held BIGINT, passed BOOLEAN NOT NULL DEFAULT FALSE,
  agency TEXT COLLATE "C" NOT NULL DEFAULT '', bytes BIGINT NOT NULL DEFAULT 0,
  agreement BYTEA NOT NULL DEFAULT '',
  PRIMARY KEY (node, seq)
);
CREATE INDEX mail_statement ON mail (statement);
CREATE INDEX mail_entry ON mail (entry);
CREATE INDEX mail_open ON mail (agreement, node, seq)
  WHERE agreement <> '' AND delivered IS NULL AND held IS NULL AND NOT passed;
-- How far each node has taken its mailbox in.
CREATE TABLE acknowledged (node TEXT COLLATE "C" PRIMARY KEY, seq BIGINT NOT NULL);
-- Unacknowledged items of each agency for each node.
CREATE TABLE waiting (
  node TEXT COLLATE "C" NOT NULL, agency TEXT COLLATE "C" NOT NULL,
  statements BIGINT NOT NULL, bytes BIGINT NOT NULL,
  PRIMARY KEY (node, agency)
) WITH (fillfactor = 50);

-- Requests for records.
CREATE TABLE request (
  packet BYTEA NOT NULL, holder TEXT COLLATE "C" NOT NULL, asker TEXT COLLATE "C" NOT NULL,
  agreement BYTEA NOT NULL, version BIGINT NOT NULL,
  granted_ms BIGINT NOT NULL, stored_ms BIGINT, due_ms BIGINT, overdue_ms BIGINT,
  stopped BOOLEAN NOT NULL, article TEXT NOT NULL DEFAULT '', PRIMARY KEY (packet, holder)
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
CREATE TABLE cosigned (
  cosigner TEXT NOT NULL, size BIGINT NOT NULL, note BYTEA NOT NULL, PRIMARY KEY (cosigner, size)
);
CREATE INDEX cosigned_size ON cosigned (size);
-- Evidence that this log signed two histories. It stays for ever.
CREATE TABLE evidence (id BYTEA PRIMARY KEY, evidence BYTEA NOT NULL);
-- Each time this database was restored; see the SQLite store.
CREATE TABLE restoration (
  one BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  start BIGINT NOT NULL, stop BIGINT NOT NULL, time_ms BIGINT NOT NULL, settled BOOLEAN NOT NULL
);

-- Budgets of agencies: when each part's buckets are empty, in log time, in microseconds.
CREATE TABLE budget (
  agency TEXT COLLATE "C" NOT NULL, part TEXT COLLATE "C" NOT NULL, entries_us BIGINT NOT NULL,
  bytes_us BIGINT NOT NULL, serial BIGINT NOT NULL, PRIMARY KEY (agency, part)
);
CREATE INDEX budget_serial ON budget (serial);

-- State of large documents, whose parts are objects beside the database. root: of their parts, once
-- all were verified; empty until then.
CREATE TABLE blob (
  owner BYTEA NOT NULL, id BYTEA NOT NULL, size BIGINT NOT NULL, leaves BYTEA NOT NULL,
  held BIGINT NOT NULL, begun_ms BIGINT NOT NULL, touched_ms BIGINT NOT NULL,
  dropped BOOLEAN NOT NULL, root BYTEA NOT NULL DEFAULT '', PRIMARY KEY (owner, id)
);
-- A part asks for one hash of up to 51,201: uncompressed, the others are not read.
ALTER TABLE blob ALTER COLUMN leaves SET STORAGE EXTERNAL;
-- Packets that name a document. An empty claim stays; others last while a process judges a packet.
CREATE TABLE blob_packet (
  owner BYTEA NOT NULL, id BYTEA NOT NULL, packet BYTEA NOT NULL, claim BYTEA NOT NULL,
  time_ms BIGINT NOT NULL, PRIMARY KEY (owner, id, packet, claim)
);
-- used: announced bytes; stored: bytes of parts that are here. A whole part has 1,049,600 bytes.
CREATE TABLE blob_space (
  owner BYTEA PRIMARY KEY, used BIGINT NOT NULL, stored BIGINT NOT NULL DEFAULT 0
);
CREATE TABLE blob_sweep (
  one BIGINT PRIMARY KEY CHECK (one = 1), holder BYTEA NOT NULL, until TIMESTAMPTZ NOT NULL
);
CREATE FUNCTION count_blob() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  before BIGINT := 0;
  after BIGINT := 0;
BEGIN
  IF TG_OP = 'UPDATE' THEN after := least(NEW.held * 1049600, NEW.size); END IF;
  before := least(OLD.held * 1049600, OLD.size);
  IF after <> before THEN
    UPDATE blob_space SET stored = stored + after - before WHERE owner = OLD.owner;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER blob_counted AFTER UPDATE OF held OR DELETE ON blob
  FOR EACH ROW EXECUTE FUNCTION count_blob();
