-- beside: 6
-- The oldest version whose processes may work on these tables beside others; NULL: this one.
ALTER TABLE migrated ADD COLUMN beside BIGINT;
