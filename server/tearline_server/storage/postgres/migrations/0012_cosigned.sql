-- beside: 12
-- A row for each cosigner, as in the SQLite store.
DROP TABLE cosigned;
CREATE TABLE cosigned (
  cosigner TEXT NOT NULL, size BIGINT NOT NULL, note BYTEA NOT NULL, PRIMARY KEY (cosigner, size)
);
CREATE INDEX cosigned_size ON cosigned (size);
