-- What was said about proposed agreements. terms: the id of the agreement's statement.
CREATE TABLE proposal (
  statement_id BLOB PRIMARY KEY, terms BLOB NOT NULL, place INTEGER NOT NULL,
  time_ms INTEGER NOT NULL, sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX proposal_terms ON proposal (terms);
-- Terms of which something was heard since it was last seen whether all had signed.
CREATE TABLE proposal_news (terms BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
