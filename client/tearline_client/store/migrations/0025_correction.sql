-- Which packets take the place of which, by the ids of their manifests.
CREATE TABLE correction (packet BLOB PRIMARY KEY, corrects BLOB NOT NULL) STRICT;
