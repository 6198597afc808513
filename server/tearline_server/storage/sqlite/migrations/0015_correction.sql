-- Which packets take the place of which, by the ids of their manifests; one for each.
CREATE TABLE correction (
  packet BLOB PRIMARY KEY, corrects BLOB NOT NULL UNIQUE
) STRICT, WITHOUT ROWID;
