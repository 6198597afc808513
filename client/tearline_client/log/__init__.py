"""The exchange's log as a node follows it."""
