-- A receipt follows from the entry that it tells of, and is signed again for each retry: neither it
-- nor the exchange's signature over it is stored.
DELETE FROM attestation WHERE hash IN (SELECT signature FROM statement);
CREATE TABLE statement_alone (
  idx INTEGER PRIMARY KEY,
  id BLOB NOT NULL,
  signer TEXT NOT NULL,
  type INTEGER NOT NULL,
  natural BLOB,                 -- the identifier that it alone may bear, or NULL
  packet BLOB,                  -- of a grant: the statement id of its packet's manifest
  code TEXT NOT NULL,           -- of its refusal; empty where it was accepted
  why TEXT NOT NULL,
  envelope BLOB                 -- as it travels; NULL where it was refused
) STRICT;
INSERT INTO statement_alone
  SELECT idx, id, signer, type, natural, packet, code, why, envelope FROM statement ORDER BY idx;
DROP TABLE statement;
ALTER TABLE statement_alone RENAME TO statement;
CREATE UNIQUE INDEX statement_id ON statement (id, signer);
CREATE UNIQUE INDEX statement_natural ON statement (signer, natural) WHERE natural IS NOT NULL;
