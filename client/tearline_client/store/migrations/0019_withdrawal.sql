-- Why a grant of ours was taken back before its recipient was handed it; empty where it was not.
ALTER TABLE packet_grant ADD COLUMN withdrawn TEXT NOT NULL DEFAULT '';
