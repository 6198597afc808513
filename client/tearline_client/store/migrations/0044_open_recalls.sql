-- Recalls that were not answered yet (state 1): every round asks for them.
CREATE INDEX recall_open ON recall (incoming, number) WHERE state = 1;
