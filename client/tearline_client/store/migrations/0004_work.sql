-- Requests, consents, cases, proposals, suspensions and notices.

-- Requests for records, ours and partners'; their steps; and the log's times that they rest on.
-- When a request's last step was taken, of one that has ended and of which all was said; NULL while
-- a round may have to say or to judge something.
CREATE TABLE request (
  packet BLOB NOT NULL, peer TEXT NOT NULL, side TEXT NOT NULL, granted_ms INTEGER NOT NULL,
  stored_ms INTEGER, settled_ms INTEGER,
  PRIMARY KEY (packet, peer)
) STRICT;
CREATE INDEX request_open ON request (granted_ms, packet, peer) WHERE settled_ms IS NULL;
CREATE INDEX request_settled ON request (settled_ms) WHERE settled_ms IS NOT NULL;

-- Whether a step was found to follow: of the other side's when it came, of ours before it was sent.
CREATE TABLE request_step (
  statement_id BLOB PRIMARY KEY, packet BLOB NOT NULL, peer TEXT NOT NULL, side TEXT NOT NULL,
  idx INTEGER, time_ms INTEGER, sealed BLOB NOT NULL, note BLOB, code TEXT NOT NULL,
  counted INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE INDEX request_step_of ON request_step (packet, peer);

CREATE TABLE request_time (
  idx INTEGER NOT NULL, packet BLOB NOT NULL, peer TEXT NOT NULL, time_ms INTEGER NOT NULL,
  judged INTEGER NOT NULL,
  PRIMARY KEY (idx, packet, peer)
) STRICT, WITHOUT ROWID;
CREATE INDEX request_time_unjudged ON request_time (idx) WHERE judged = 0;

-- The present state of a request, sealed, so that a list replays no steps. It is deleted with each
-- change of what it follows from, and computed anew when it is asked for.
CREATE TABLE request_state (
  packet BLOB NOT NULL, peer TEXT NOT NULL, sealed BLOB NOT NULL,
  PRIMARY KEY (packet, peer)
) STRICT, WITHOUT ROWID;

-- Steps of consents, contents sealed; asked_here: whether this node is the one that asks. Steps of
-- consents of ours that came back, because the key they were sealed to had ended. Which packet a
-- step of a consent is about.
CREATE TABLE consent_step (
  statement_id BLOB PRIMARY KEY, consent_id BLOB NOT NULL, peer TEXT NOT NULL,
  asked_here INTEGER NOT NULL, ours INTEGER NOT NULL, step TEXT NOT NULL, time_ms INTEGER NOT NULL,
  body BLOB NOT NULL, terms BLOB NOT NULL, returned INTEGER NOT NULL DEFAULT 0,
  packet BLOB NOT NULL DEFAULT x''
) STRICT, WITHOUT ROWID;
CREATE INDEX consent_step_consent ON consent_step (consent_id, peer, asked_here);
CREATE INDEX consent_step_returned ON consent_step (statement_id) WHERE returned;
CREATE INDEX consent_step_packet ON consent_step (packet);

-- The cases that this agency leads; and the steps of every case, with their notes. Cases of ours of
-- which something may have to be said; and steps of ours that came back, because the key they were
-- sealed to had ended.
CREATE TABLE case_file (
  id BLOB PRIMARY KEY, agreement BLOB NOT NULL, sealed BLOB NOT NULL, due INTEGER NOT NULL DEFAULT 1
) STRICT, WITHOUT ROWID;
CREATE INDEX case_file_due ON case_file (id) WHERE due;

CREATE TABLE case_step (
  case_id BLOB NOT NULL, peer TEXT NOT NULL, mine INTEGER NOT NULL, number INTEGER NOT NULL,
  statement BLOB NOT NULL, step BLOB NOT NULL, note BLOB NOT NULL,
  returned INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (case_id, peer, mine, number)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX case_step_statement ON case_step (statement);
CREATE INDEX case_step_returned ON case_step (case_id, peer, number) WHERE returned;

-- The case that a packet's manifest names, empty for none: an index, brought up to date when asked.
CREATE TABLE filed (packet BLOB PRIMARY KEY, case_id BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX filed_case ON filed (case_id) WHERE case_id <> x'';

-- Packets of which it is not known whether they name a case; ``filed`` has those that do.
CREATE TABLE filed_due (packet BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;

-- Statements about proposed agreements. terms: the id of the agreement's statement. Whose word a
-- step is, as its agency's URI: of each agency so many are kept. Whether the terms of a step are
-- closed, so that no step is opened for it: agreement, version: the version that it would replace;
-- ends_ms: until when signatures are waited for; stance: 0 drafted, 1 signed, 2 declined; others:
-- how many have to sign beside the drafter.
CREATE TABLE proposal (
  statement_id BLOB PRIMARY KEY, terms BLOB NOT NULL, place INTEGER NOT NULL,
  time_ms INTEGER NOT NULL, sealed BLOB NOT NULL, speaker TEXT NOT NULL DEFAULT '',
  agreement BLOB NOT NULL DEFAULT x'', version INTEGER NOT NULL DEFAULT 0,
  ends_ms INTEGER NOT NULL DEFAULT 9223372036854775807, stance INTEGER NOT NULL DEFAULT 0,
  others INTEGER NOT NULL DEFAULT 9223372036854775807
) STRICT, WITHOUT ROWID;
CREATE INDEX proposal_terms ON proposal (terms);
CREATE INDEX proposal_stance
  ON proposal (terms, speaker, agreement, version, ends_ms, stance, others);
CREATE INDEX proposal_speaker ON proposal (speaker, terms);

-- Terms of which something was heard since it was last seen whether all had signed.
CREATE TABLE proposal_news (terms BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;

-- Where each party stands, by the log: the newest, and every earlier one that said something new.
-- entry, time_ms: of the entry that this agency was told of. Whether every standing between this
-- one and the one kept before it said the same as both.
CREATE TABLE standing (
  agency TEXT NOT NULL, agreement BLOB NOT NULL, counter INTEGER NOT NULL, entry INTEGER NOT NULL,
  time_ms INTEGER NOT NULL, sealed BLOB NOT NULL, whole INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (agency, agreement, counter)
) STRICT, WITHOUT ROWID;
CREATE INDEX standing_entry ON standing (agreement, entry);
CREATE INDEX standing_newest ON standing (agreement, agency, counter);

-- Standings of this node that the exchange has not accepted yet. said, counter: the standing that
-- stated it last; code: of its refusal, or empty.
CREATE TABLE standing_wish (
  id INTEGER PRIMARY KEY, agreement BLOB NOT NULL, said BLOB NOT NULL, counter INTEGER NOT NULL,
  code TEXT NOT NULL, sealed BLOB NOT NULL
) STRICT;

-- Marks of both ends, since there is a standing: they prove that nothing passed meanwhile. entry:
-- NULL for one of ours that the exchange has not answered.
CREATE TABLE standing_mark (
  agreement BLOB NOT NULL, peer TEXT NOT NULL, own INTEGER NOT NULL, counter INTEGER NOT NULL,
  statement_id BLOB NOT NULL, entry INTEGER, sealed BLOB NOT NULL,
  PRIMARY KEY (agreement, peer, own, counter)
) STRICT, WITHOUT ROWID;
CREATE INDEX standing_mark_statement ON standing_mark (statement_id);

-- From which entry to which a party had something suspended, scope by scope, as the log has it.
-- scope: of standing_scope; ended, ended_ms: NULL while it is suspended.
CREATE TABLE standing_scope (
  id INTEGER PRIMARY KEY, agreement BLOB NOT NULL, agency TEXT NOT NULL, sealed BLOB NOT NULL
) STRICT;
CREATE INDEX standing_scope_agreement ON standing_scope (agreement);

CREATE TABLE stoppage (
  scope INTEGER NOT NULL, began INTEGER NOT NULL, began_ms INTEGER NOT NULL, ended INTEGER,
  ended_ms INTEGER,
  PRIMARY KEY (scope, began)
) STRICT, WITHOUT ROWID;
CREATE INDEX stoppage_end ON stoppage (scope, ended);
CREATE INDEX stoppage_time ON stoppage (scope, ended_ms);

-- Events for notices; and how far each channel was notified.
CREATE TABLE notice (
  id INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, time_ms INTEGER NOT NULL,
  once BLOB UNIQUE, sealed BLOB NOT NULL
) STRICT;
CREATE INDEX notice_event ON notice (event, id);

CREATE TABLE notice_hook (hook BLOB PRIMARY KEY, told INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TRIGGER request_stepped AFTER INSERT ON request_step BEGIN
  UPDATE request SET settled_ms = NULL WHERE packet = new.packet AND peer = new.peer;
END;

CREATE TRIGGER request_step_changed AFTER UPDATE OF idx, code ON request_step BEGIN
  UPDATE request SET settled_ms = NULL WHERE packet = new.packet AND peer = new.peer;
END;

CREATE TRIGGER request_state_stored AFTER UPDATE OF granted_ms, stored_ms, side ON request BEGIN
  DELETE FROM request_state WHERE packet = new.packet AND peer = new.peer;
END;

CREATE TRIGGER request_state_stepped AFTER INSERT ON request_step BEGIN
  DELETE FROM request_state WHERE packet = new.packet AND peer = new.peer;
END;

CREATE TRIGGER request_state_changed AFTER UPDATE ON request_step BEGIN
  DELETE FROM request_state WHERE packet = new.packet AND peer = new.peer;
END;

CREATE TRIGGER request_state_forgotten AFTER DELETE ON request_step BEGIN
  DELETE FROM request_state WHERE packet = old.packet AND peer = old.peer;
END;

CREATE TRIGGER request_state_opened AFTER INSERT ON packet_key BEGIN
  DELETE FROM request_state WHERE packet = new.packet;
END;

CREATE TRIGGER request_state_erased AFTER DELETE ON packet_key BEGIN
  DELETE FROM request_state WHERE packet = old.packet;
END;

-- Rare: terms and suspensions, which may concern each request.
CREATE TRIGGER request_state_agreed AFTER INSERT ON agreement BEGIN
  DELETE FROM request_state;
END;

CREATE TRIGGER request_state_entered AFTER UPDATE ON agreement BEGIN
  DELETE FROM request_state;
END;

CREATE TRIGGER request_state_stopped AFTER INSERT ON stoppage BEGIN
  DELETE FROM request_state;
END;

CREATE TRIGGER request_state_resumed AFTER UPDATE ON stoppage BEGIN
  DELETE FROM request_state;
END;

CREATE TRIGGER request_state_replaced AFTER DELETE ON stoppage BEGIN
  DELETE FROM request_state;
END;

CREATE TRIGGER request_state_frozen AFTER INSERT ON freeze BEGIN
  DELETE FROM request_state;
END;

CREATE TRIGGER request_state_refrozen AFTER UPDATE ON freeze BEGIN
  DELETE FROM request_state;
END;

CREATE TRIGGER request_state_thawed AFTER DELETE ON freeze BEGIN
  DELETE FROM request_state;
END;

CREATE TRIGGER request_state_packet_frozen AFTER INSERT ON frozen BEGIN
  DELETE FROM request_state WHERE packet = new.packet;
END;

CREATE TRIGGER request_state_packet_thawed AFTER DELETE ON frozen BEGIN
  DELETE FROM request_state WHERE packet = old.packet;
END;
