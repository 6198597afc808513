-- beside: 10
-- A receipt follows from the entry that it tells of, and is signed again for each retry: neither it
-- nor the exchange's signature over it is stored.
DELETE FROM attestation WHERE hash IN (SELECT signature FROM statement);
ALTER TABLE statement DROP COLUMN receipt, DROP COLUMN signature;
