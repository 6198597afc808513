-- ``kind``: ``equivocation``, or ``directory`` for a directory that differs from the entries' one.
ALTER TABLE accusation ADD COLUMN kind TEXT NOT NULL DEFAULT 'equivocation';
