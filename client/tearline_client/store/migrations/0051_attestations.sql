-- What signs a batch of statements, once for all of them.
CREATE TABLE attestation (hash BLOB PRIMARY KEY NOT NULL, sealed BLOB NOT NULL) STRICT;
-- Receipts and grants in the order in which they came: by a hash, rows of more than a quarter of a
-- page take one of overflow each.
CREATE TABLE receipt_in_order (
  statement_id BLOB PRIMARY KEY NOT NULL, about BLOB NOT NULL, status INTEGER NOT NULL,
  sealed BLOB NOT NULL
) STRICT;
INSERT INTO receipt_in_order SELECT statement_id, about, status, sealed FROM receipt;
DROP TABLE receipt;
ALTER TABLE receipt_in_order RENAME TO receipt;
CREATE INDEX receipt_about ON receipt (about);
CREATE TABLE packet_grant_in_order (
  statement_id BLOB PRIMARY KEY NOT NULL, packet BLOB NOT NULL, peer TEXT NOT NULL,
  incoming INTEGER NOT NULL, status INTEGER NOT NULL, sealed BLOB NOT NULL,
  told INTEGER NOT NULL DEFAULT 0, -- of an incoming grant: the status its grantor was told
  refusals INTEGER NOT NULL DEFAULT 0, -- how often its grantor refused what it was told
  withdrawn TEXT NOT NULL DEFAULT '', -- why one of ours was taken back; empty where it was not
  ends_ms INTEGER NOT NULL DEFAULT 0 -- when it ends, or may be kept no longer; 0 for not known
) STRICT;
INSERT INTO packet_grant_in_order SELECT statement_id, packet, peer, incoming, status, sealed, told,
  refusals, withdrawn, ends_ms FROM packet_grant;
DROP TABLE packet_grant;
ALTER TABLE packet_grant_in_order RENAME TO packet_grant;
CREATE INDEX packet_grant_packet ON packet_grant (packet, status);
CREATE INDEX packet_grant_untold ON packet_grant (statement_id) WHERE incoming = 1 AND told < status;
CREATE INDEX packet_grant_ends ON packet_grant (ends_ms)
  WHERE incoming = 1 AND status < 5 OR incoming = 0 AND status <= 1;
