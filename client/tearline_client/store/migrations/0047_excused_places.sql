-- Places and marks of a channel that an earlier life of this node, or of the exchange, may have filled.
ALTER TABLE channel_out ADD COLUMN excused_seq INTEGER NOT NULL DEFAULT 0;
ALTER TABLE channel_out ADD COLUMN excused_mark INTEGER NOT NULL DEFAULT 0;
