-- beside: 12
-- State of large documents, whose parts are objects beside the database.
CREATE TABLE blob (
  owner BYTEA NOT NULL, id BYTEA NOT NULL, size BIGINT NOT NULL, leaves BYTEA NOT NULL,
  held BIGINT NOT NULL, begun_ms BIGINT NOT NULL, touched_ms BIGINT NOT NULL,
  dropped BOOLEAN NOT NULL, PRIMARY KEY (owner, id)
);
-- A part asks for one hash of up to 51,201: uncompressed, the others are not read.
ALTER TABLE blob ALTER COLUMN leaves SET STORAGE EXTERNAL;
-- Packets that name a document. An empty claim stays; others last while a process judges a packet.
CREATE TABLE blob_packet (
  owner BYTEA NOT NULL, id BYTEA NOT NULL, packet BYTEA NOT NULL, claim BYTEA NOT NULL,
  time_ms BIGINT NOT NULL, PRIMARY KEY (owner, id, packet, claim)
);
CREATE TABLE blob_space (owner BYTEA PRIMARY KEY, used BIGINT NOT NULL);
CREATE TABLE blob_sweep (one BIGINT PRIMARY KEY CHECK (one = 1), holder BYTEA NOT NULL, until TIMESTAMPTZ NOT NULL);
