-- A row for each cosigner, so that a line is stored without reading those of others. Nodes cosign
-- anew within a minute: what is here is not moved.
DROP TABLE cosigned;
CREATE TABLE cosigned (
  cosigner TEXT NOT NULL, size INTEGER NOT NULL, note BLOB NOT NULL, PRIMARY KEY (cosigner, size)
) STRICT;
CREATE INDEX cosigned_size ON cosigned (size);
