-- beside: 4
-- Which packets take the place of which, by the ids of their manifests; one for each.
CREATE TABLE correction (packet BYTEA PRIMARY KEY, corrects BYTEA NOT NULL UNIQUE);
