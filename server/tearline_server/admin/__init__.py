"""Commands of the operator: backup, mirror, migration and offline entries."""
