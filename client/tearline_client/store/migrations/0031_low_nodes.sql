-- Nodes of the log's tree over less than 16 entries follow from those, and are kept no longer.
DELETE FROM log_node WHERE level < 4;
