-- Which packets were made from others, by the ids of their manifests.
CREATE TABLE derivation (
  packet BLOB NOT NULL, source BLOB NOT NULL, PRIMARY KEY (packet, source)
) STRICT, WITHOUT ROWID;
