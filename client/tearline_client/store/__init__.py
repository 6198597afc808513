"""The node's stores, one file for each concept; contents are encrypted at rest."""
