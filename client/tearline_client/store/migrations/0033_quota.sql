-- Each agency has a quota of the quarantine. Over it nothing of a delivery is kept but what it is
-- about, the code and its place in the mailbox: sealed is empty then.
-- agency: as the delivery says; packet: whose ciphertexts it holds, empty for none.
ALTER TABLE quarantine ADD COLUMN agency TEXT NOT NULL DEFAULT '';
ALTER TABLE quarantine ADD COLUMN packet BLOB NOT NULL DEFAULT x'';
ALTER TABLE quarantine ADD COLUMN epoch BLOB NOT NULL DEFAULT x'';
ALTER TABLE quarantine ADD COLUMN seq INTEGER NOT NULL DEFAULT 0;
CREATE INDEX quarantine_kept ON quarantine (code, id) WHERE sealed <> x'';
CREATE INDEX quarantine_agency ON quarantine (agency, id) WHERE sealed <> x'';
CREATE INDEX quarantine_noted ON quarantine (agency, code, id) WHERE sealed = x'';
CREATE INDEX quarantine_packet ON quarantine (packet) WHERE packet <> x'';
