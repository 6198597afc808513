-- Grants of ours that came back, because the key they were sealed to had ended.
CREATE TABLE returned (statement_id BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
