-- A reason stands behind a packet or, where a field was disclosed later, behind that grant.
ALTER TABLE repeat RENAME COLUMN packet TO statement;
