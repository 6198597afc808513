-- Whether a value is our own word, or one of a partner's that tells a copy: 0 for neither. What was
-- indexed before is read anew when it is asked.
DELETE FROM value_tag;
DELETE FROM value_indexed;
ALTER TABLE value_tag ADD COLUMN word INTEGER NOT NULL DEFAULT 0;
CREATE INDEX value_tag_word ON value_tag (tag, word) WHERE word <> 0;
